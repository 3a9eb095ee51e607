// What the phone holds until the server has it: the items of the queue, and drafts. Plain IndexedDB.
//
// An item: id (UUID, its key) · member (whose it is) · name (反馈 0146) · target (address) · fields ([name, value]) · lines
// ([label, words], to be read by a person) · captured (ISO, this phone's clock) · at (ISO, set right at the first sending) ·
// seen, status (the case when the form was opened) · photos ({id, label, type, bytes, sha256, sent}) · number (once the text
// has arrived) · state (waiting, stuck, conflict) · says, answer (why it does not go on).

const NAME = "shuzhi-phone";
let opened;

function database() {
  opened ??= new Promise((done, failed) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("items", { keyPath: "id" });
      request.result.createObjectStore("drafts", { keyPath: "id" });
    };
    request.onsuccess = () => {
      request.result.onversionchange = () => request.result.close();
      done(request.result);
    };
    request.onerror = () => failed(request.error);
  });
  return opened;
}

async function run(store, mode, work) {
  const base = await database();
  return new Promise((done, failed) => {
    const transaction = base.transaction(store, mode, { durability: "strict" });
    const request = work(transaction.objectStore(store));
    transaction.oncomplete = () => done(request.result);
    transaction.onerror = transaction.onabort = () => failed(transaction.error);
  });
}

export const put = (store, row) => run(store, "readwrite", (rows) => rows.put(row));
export const get = (store, id) => run(store, "readonly", (rows) => rows.get(id));
export const remove = (store, id) => run(store, "readwrite", (rows) => rows.delete(id));

async function own(store, member) {
  const rows = await run(store, "readonly", (all) => all.getAll());
  return rows.filter((row) => row.member === member);
}

// Whoever else has signed in on this phone is never shown, nor sent, what is not his.
export async function items(member) {
  return (await own("items", member)).sort((one, other) => (one.captured < other.captured ? -1 : 1));
}

export const drafts = (member) => own("drafts", member);

const channel = globalThis.BroadcastChannel ? new BroadcastChannel(NAME) : null;
const listeners = [];
channel?.addEventListener("message", (event) => listeners.forEach((heard) => heard(event.data)));

// Tell every page, this one too, that something has changed.
export function announce(news = {}) {
  channel?.postMessage(news);
  listeners.forEach((heard) => heard(news));
}

export const listen = (heard) => listeners.push(heard);
