// A photograph is made small on the phone: the long side 1600, about 300 KB, and drawn anew, which leaves behind where and
// with what device it was taken.

const LONGEST = 1600;
const ENOUGH = 300 * 1024;
const LIMIT = 20 * 1024 * 1024;
const HEIC = /^(heic|heix|mif1|msf1)$/;

// {type, bytes, sha256}; throws an Error with a sentence for a person.
export async function shrink(file) {
  if (!file.size) throw new Error("照片是空的，请重拍或另选一张");
  const small = await draw(file);
  if (!small) {
    const head = new Uint8Array(await file.slice(4, 12).arrayBuffer());
    const sign = String.fromCharCode(...head);
    // A photograph this browser cannot draw: the server can, and strips it when it is shown.
    if (!sign.startsWith("ftyp") || !HEIC.test(sign.slice(4))) throw new Error(`“${file.name}”不是能打开的照片，请重拍或另选一张`);
    if (file.size > LIMIT) throw new Error("照片超过 20 MB，请调低像素后重拍");
  }
  const kept = small ?? file;
  const bytes = await kept.arrayBuffer();
  return { type: small ? "image/jpeg" : "image/heic", bytes, sha256: await hash(bytes) };
}

async function draw(file) {
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" }).catch(() => null);
  if (!picture) return null;
  const scale = Math.min(1, LONGEST / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  let made = null;
  for (const quality of [0.82, 0.7, 0.55, 0.4]) {
    made = await new Promise((done) => canvas.toBlob(done, "image/jpeg", quality));
    if (made && made.size <= ENOUGH) break;
  }
  return made;
}

export async function hash(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (one) => one.toString(16).padStart(2, "0")).join("");
}
