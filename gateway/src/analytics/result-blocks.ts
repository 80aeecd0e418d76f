/**
 * Guarded figures are sums of blocks; a block is one month of one version of a model. A block counts only if each of
 * its parts, inside and outside of every filter, has either no study or at least SMALLEST_CELL; other blocks are left
 * out of every figure. The parts by every value of the filtered attributes must be large too: with one filter, small
 * parts are counted together; with several filters, no part may be small. So no sum or difference of answers reveals a
 * smaller group.
 */
import { setImmediate } from 'node:timers/promises';
import { SMALLEST_CELL } from '#shared/protocol/analytics.ts';
import { AGREED, CORRECTED, type Results } from './read-results.ts';
import { countStudies } from './study-order.ts';

export type Block = {
  readonly isLarge: boolean;
  /**
   * Whether no part is small when results are divided into agreed, corrected and neither; `isDifferenceLarge`: into
   * those that differ from the device's and those that do not.
   */
  readonly isSplitLarge: boolean;
  readonly isDifferenceLarge: boolean;
};
export type Blocks = {
  readonly months: readonly string[];
  /** The index of the block of each row. */
  readonly of: (row: number) => number;
  /** The months of each version, one version after the other; undefined: there are no results. */
  readonly all: readonly (Block | undefined)[];
};

const monthOf = (day: string): string => day.slice(0, 'YYYY-MM'.length);
export const isSmall = (count: number): boolean => count > 0 && count < SMALLEST_CELL;

export async function blocksOf(results: Results): Promise<Blocks> {
  const { names, days, columns, studies, parts, inside } = results;
  const months = [...new Set(days.map(monthOf))];
  const monthAt = days.map((day) => months.indexOf(monthOf(day)));
  const of = (row: number): number => columns.version[row]! * months.length + monthAt[columns.day[row]!]!;
  const count = names.length * months.length;
  const cells = inside + 1;
  const ofCells = countStudies(studies, (row) => of(row) * cells + columns.cell[row]!, count * cells);
  await setImmediate();
  const ofParts = await countParts(results, of, count);
  const all = Array.from({ length: count }, (_, block): Block | undefined => {
    const partsOf = (counts: Uint32Array): Uint32Array => counts.subarray(block * parts, (block + 1) * parts);
    const sizes = partsOf(ofParts.all);
    if (sizes.every((size) => size === 0)) return undefined;
    const few = sizes.reduce((sum, size) => sum + (isSmall(size) ? size : 0), 0);
    const isSmallTogether = cells > 2 ? few > 0 : isSmall(few);
    const isNoneSmall = (groups: readonly Uint32Array[]): boolean =>
      !groups.some((counts) => partsOf(counts).some(isSmall));
    return {
      isLarge: !ofCells.subarray(block * cells, (block + 1) * cells).some(isSmall) && !isSmallTogether,
      isSplitLarge: isNoneSmall(ofParts.byVerdict),
      isDifferenceLarge: isNoneSmall(ofParts.byDifference),
    };
  });
  return { months, of, all };
}

/**
 * Counts studies by block and part: of all results, of the results with each verdict, and of those that differ or do
 * not.
 */
async function countParts({ columns, studies, parts }: Results, of: (row: number) => number, blocks: number) {
  const countWhere = async (is: (row: number) => boolean): Promise<Uint32Array> => {
    await setImmediate();
    const groupOf = (row: number): number => (is(row) ? of(row) * parts + columns.part[row]! : -1);
    return countStudies(studies, groupOf, blocks * parts);
  };
  return {
    all: await countWhere(() => true),
    byVerdict: [
      await countWhere((row) => columns.verdict[row] === AGREED),
      await countWhere((row) => columns.verdict[row] === CORRECTED),
      await countWhere((row) => columns.verdict[row] === 0),
    ],
    byDifference: [
      await countWhere((row) => columns.differs[row] === 1),
      await countWhere((row) => columns.differs[row] === 0),
    ],
  };
}
