/** V8's block coverage of one script: where it ran. */

/** A range as V8 counts: the innermost one around a place says how often it ran. */
type Range = { readonly startOffset: number; readonly endOffset: number; readonly count: number };
export type ScriptCoverage = {
  readonly url: string;
  readonly functions: readonly { readonly ranges: readonly Range[] }[];
};

/** Tells for each of the offsets, given in ascending order, whether it has run. */
export function ranAt({ functions }: ScriptCoverage, offsets: readonly number[]): boolean[] {
  // Around before within: V8's ranges are nested, never crossed.
  const ranges = functions
    .flatMap((each) => each.ranges)
    .sort((a, b) => a.startOffset - b.startOffset || b.endOffset - a.endOffset);
  const around: Range[] = [];
  let next = 0;
  return offsets.map((offset) => {
    for (; next < ranges.length && ranges[next]!.startOffset <= offset; next += 1) {
      const range = ranges[next]!;
      while (around.length > 0 && around.at(-1)!.endOffset <= range.startOffset) around.pop();
      around.push(range);
    }
    while (around.length > 0 && around.at(-1)!.endOffset <= offset) around.pop();
    return (around.at(-1)?.count ?? 0) > 0;
  });
}
