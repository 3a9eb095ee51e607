// A zip without compression: photographs are compressed already.

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k += 1) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});

function crc(bytes) {
  let sum = 0xffffffff;
  for (const byte of bytes) sum = TABLE[(sum ^ byte) & 0xff] ^ (sum >>> 8);
  return (sum ^ 0xffffffff) >>> 0;
}

// files: [name, Uint8Array] → Blob
export function zip(files) {
  const parts = [];
  const index = [];
  let offset = 0;
  for (const [name, bytes] of files) {
    const called = new TextEncoder().encode(name);
    const about = new DataView(new ArrayBuffer(26));
    about.setUint16(0, 20, true); // version
    about.setUint16(2, 0x0800, true); // the name is UTF-8
    about.setUint16(8, 0x21, true); // 1980-01-01: the moments are in the JSON
    about.setUint32(10, crc(bytes), true);
    about.setUint32(14, bytes.length, true);
    about.setUint32(18, bytes.length, true);
    about.setUint16(22, called.length, true);
    parts.push(Uint8Array.of(0x50, 0x4b, 3, 4), new Uint8Array(about.buffer), called, bytes);
    const tail = new DataView(new ArrayBuffer(14));
    tail.setUint32(10, offset, true);
    index.push(Uint8Array.of(0x50, 0x4b, 1, 2, 20, 0), new Uint8Array(about.buffer), new Uint8Array(tail.buffer), called);
    offset += 30 + called.length + bytes.length;
  }
  const size = index.reduce((sum, part) => sum + part.length, 0);
  const end = new DataView(new ArrayBuffer(18));
  end.setUint16(4, files.length, true);
  end.setUint16(6, files.length, true);
  end.setUint32(8, size, true);
  end.setUint32(12, offset, true);
  return new Blob([...parts, ...index, Uint8Array.of(0x50, 0x4b, 5, 6), new Uint8Array(end.buffer)], { type: "application/zip" });
}
