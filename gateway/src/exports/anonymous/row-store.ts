/**
 * Values kept as bytes outside the heap, for tens of thousands of rows that are needed once more at the end. As objects
 * they would take several times the memory, and the garbage collector would scan each of them repeatedly.
 */

/** For rows that survive JSON unchanged. */
export type RowStore<Row> = {
  readonly length: number;
  add(row: Row): void;
  at(index: number): Row;
  /** In the order in which they were added. */
  pages(size: number): Generator<readonly Row[]>;
};

const PIECE_BYTES = 1024 ** 2;

export function createRowStore<Row>(): RowStore<Row> {
  const pieces: Buffer[] = [];
  /** For each row, its piece, and the start and end of the row within it. */
  const places: { readonly piece: number[]; readonly start: number[]; readonly end: number[] } = {
    ...{ piece: [], start: [], end: [] },
  };
  let used = PIECE_BYTES;
  const at = (index: number): Row => {
    const text = pieces[places.piece[index]!]!.toString('utf8', places.start[index], places.end[index]);
    return JSON.parse(text) as Row;
  };
  return {
    get length() {
      return places.piece.length;
    },
    add(row) {
      const text = JSON.stringify(row);
      const bytes = Buffer.byteLength(text);
      if (used + bytes > (pieces.at(-1)?.length ?? 0)) {
        pieces.push(Buffer.allocUnsafeSlow(Math.max(PIECE_BYTES, bytes)));
        used = 0;
      }
      pieces.at(-1)!.write(text, used);
      places.piece.push(pieces.length - 1);
      places.start.push(used);
      used += bytes;
      places.end.push(used);
    },
    at,
    *pages(size) {
      for (let from = 0; from < places.piece.length; from += size) {
        const to = Math.min(places.piece.length, from + size);
        yield Array.from({ length: to - from }, (_, index) => at(from + index));
      }
    },
  };
}
