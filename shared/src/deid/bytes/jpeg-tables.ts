/**
 * Tracks which Huffman and quantization tables of a JPEG codestream its scans use (ITU-T T.81 §B.2). The values of an
 * unused table are no part of the image, so they may hold anything.
 */
import type { ByteRange } from '../../dicom/data-set.ts';

const DHT = 0xc4;
const SOF55 = 0xf7;
/** Bytes before the values of a Huffman table: one for its class and number, and sixteen counts. */
const HUFFMAN_HEADER_BYTES = 17;
const VALUES_LIMIT = 256;

type Table = { readonly values: ByteRange; isUsed: boolean };

export class JpegTables {
  readonly #tables = new Map<string, Table>();
  readonly #unused: ByteRange[] = [];
  #process: 'sequential' | 'progressive' | 'lossless' | 'jpeg-ls' = 'sequential';
  /** The numbers of the components' quantization tables. */
  #quantization: readonly number[] = [];

  /** Notes the tables in the content of DHT or DQT, which begins at `offset`. False if they do not fill it exactly. */
  define(marker: number, content: Uint8Array, offset: number): boolean {
    let at = 0;
    while (at < content.length) {
      const head = marker === DHT ? HUFFMAN_HEADER_BYTES : 1;
      const counts = content.subarray(at + 1, at + head);
      const count = counts.reduce((sum, codes) => sum + codes, 0);
      const length = marker === DHT ? count : content[at]! >> 4 === 0 ? 64 : 128;
      if (at + head + length > content.length || length > VALUES_LIMIT) return false;
      const name = marker === DHT ? `huffman ${content[at]}` : `quantization ${content[at]! & 15}`;
      this.#drop(name);
      this.#tables.set(name, { values: { offset: offset + at + head, length }, isUsed: false });
      at += head + length;
    }
    return true;
  }

  /** §B.2.2: the content of SOF. */
  frame(marker: number, content: Uint8Array): void {
    const kind = marker & 3;
    if (marker === SOF55) this.#process = 'jpeg-ls';
    else this.#process = kind === 3 ? 'lossless' : kind === 2 ? 'progressive' : 'sequential';
    const components = Array.from({ length: content[5] ?? 0 }, (_, i) => content[8 + 3 * i] ?? 0);
    this.#quantization = kind === 3 ? [] : components;
  }

  /**
   * §B.2.3: the content of SOS. A lossless scan uses DC tables only, a progressive scan DC or AC tables, and JPEG-LS
   * none.
   */
  scan(content: Uint8Array): void {
    const count = content[0] ?? 0;
    const isBehindDC = (content[1 + 2 * count] ?? 0) > 0;
    const isProgressive = this.#process === 'progressive';
    const hasDC = isProgressive ? !isBehindDC : this.#process !== 'jpeg-ls';
    const hasAC = this.#process === 'sequential' || (isProgressive && isBehindDC);
    for (let component = 0; component < count; component += 1) {
      const tables = content[2 + 2 * component] ?? 0;
      if (hasDC) this.#use(`huffman ${tables >> 4}`);
      if (hasAC) this.#use(`huffman ${16 + (tables & 15)}`);
    }
    for (const number of this.#quantization) this.#use(`quantization ${number}`);
  }

  /** The ranges of table values that no scan used. */
  finish(): readonly ByteRange[] {
    for (const name of this.#tables.keys()) this.#drop(name);
    return this.#unused;
  }

  #use(name: string): void {
    const table = this.#tables.get(name);
    if (table) table.isUsed = true;
  }

  #drop(name: string): void {
    const table = this.#tables.get(name);
    if (table && !table.isUsed) this.#unused.push(table.values);
  }
}
