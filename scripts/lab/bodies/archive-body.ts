/** A ZIP of instances that are as large as an entry may be, and as dense as its packed bytes may be. */
import { crc32, deflateRawSync } from 'node:zlib';
import { ARCHIVE_LIMITS } from '#shared/ingest/archive.ts';
import { many } from '../hostile/recipe.ts';
import { rawData } from '../hostile/build-header.ts';
import { noise } from './file-bodies.ts';

/** Just below the limit of a header. */
const ENTRY_BYTES = 60 * 1024 ** 2 - 4096;
/** Just below. */
const RATIO = ARCHIVE_LIMITS.ratio - 5;
/** Deflate packs zeros so. */
const RATIO_OF_ZEROS = 1030;
/** Red Palette Color Lookup Table Data: in the header, and no policy removes it. */
const KEPT_VALUE = 0x00281201;

/** APPNOTE 4.3.7 and 4.3.12: what both headers of an entry say, from the version that is needed to the lengths. */
function describe(bytes: Uint8Array, packed: Uint8Array, name: string): Buffer {
  const said = Buffer.alloc(26);
  said.writeUInt16LE(20, 0);
  said.writeUInt16LE(8, 4);
  said.writeUInt32LE(crc32(bytes), 10);
  said.writeUInt32LE(packed.length, 14);
  said.writeUInt32LE(bytes.length, 18);
  said.writeUInt16LE(name.length, 22);
  return said;
}

export function denseArchive(entries: number, seed: number): Buffer {
  const files: Buffer[] = [];
  const listed: Buffer[] = [];
  let offset = 0;
  for (const [at, value] of many(entries, (nth) => denseValue(seed + nth)).entries()) {
    const name = `${at}.dcm`;
    const { bytes } = rawData({ tag: KEPT_VALUE, vr: 'OW', value });
    const packed = deflateRawSync(bytes);
    const said = describe(bytes, packed, name);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), said, Buffer.from(name), packed]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    listed.push(Buffer.from('PK\x01\x02\x14\0'), said, rest, Buffer.from(name));
    files.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(listed);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06');
  end.writeUInt16LE(entries, 8);
  end.writeUInt16LE(entries, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...files, directory, end]);
}

function denseValue(seed: number): Uint8Array {
  const value = new Uint8Array(ENTRY_BYTES);
  value.set(noise(Math.floor(ENTRY_BYTES * (1 / RATIO - 1 / RATIO_OF_ZEROS)), seed));
  return value;
}
