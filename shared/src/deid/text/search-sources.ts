/**
 * Searches a text for thousands of regular-expression sources at once. It finds the same as one alternation of them
 * (earlier sources are preferred), but compares what several sources have in common only once: the sources form a
 * trie, which is built only where a text matches it. So the time depends on the text and on how much of a source
 * matches, not on the number of sources.
 *
 * A source is a sequence of literal letters, escaped signs, and pieces (`PIECES`). A piece matches as much as it can
 * and does not backtrack, so what follows it must not begin with anything that it matches.
 */
import type { Span } from './text-patterns.ts';

export interface Budget {
  /**
   * Remaining steps of the search, of some 0.1 µs each. Below 0: the search stopped, and its results are incomplete.
   */
  left: number;
}

export interface Sources {
  /** In order of preference. */
  readonly sources: readonly string[];
  /** Sticky expressions that must match before and after each source; null: anything may be there. */
  readonly before: RegExp | null;
  readonly after: RegExp | null;
}

/** The pieces that a source may contain between its letters. */
export const PIECES = {
  /** Between two words. */
  between: /[^\p{L}\p{N}]{0,3}/uy,
  space: /\s?/uy,
  /**
   * Between the parts of an identifier. A short identifier allows fewer characters, and within a part separators are
   * rare.
   */
  apart: /[\s.,/_:-]{0,2}/uy,
  littleApart: /[_-]?/uy,
  anywhere: /[\s/_-]?/uy,
  notBehindLetter: /(?<!\p{L})/uy,
  notBehindNumber: /(?<!\p{N}|\p{N}[.,])/uy,
  notBeforeLetter: /(?!\p{L})/uy,
  notBeforeNumber: /(?!\p{N}|[.,]\p{N})/uy,
  notBeforeDigit: /(?!\p{N})/uy,
  /** Follows a family name of a single character. */
  beforeAddress: /(?=先生|女士|小姐|医生|様|さん|サン|氏)/uy,
};
const BY_SOURCE: ReadonlyMap<string, RegExp> = new Map(
  Object.values(PIECES).map((piece) => [piece.source, piece]),
);

const LETTERS = /[^[\\(]+/y;
/** A piece of `PIECES`, or an escaped sign. */
const PIECE = /\[[^\]]{1,32}\](?:\{\d,\d\}|\?)?|\\.\??|\(\?[^)]{1,64}\)/sy;
const ESCAPED = /^\\[^\p{L}\p{N}]$/u;

/** The ranks of sources that share a beginning, and how many of their characters have been read to get here. */
interface Node {
  readonly ranks: readonly number[];
  readonly read: number;
  branches: Branches | null;
}
interface Branches {
  /** The rank of the source that ends here. */
  readonly whole: number | null;
  /** By the first UTF-16 unit of the run. */
  readonly letters: ReadonlyMap<number, { readonly run: string; readonly node: Node }>;
  readonly pieces: readonly { readonly piece: RegExp | string; readonly node: Node }[];
}

/** Where the string, or the match of the sticky expression, ends; null if it does not occur at `at`. */
function endOf(expression: RegExp | string | null, text: string, at: number): number | null {
  if (expression === null) return at;
  if (typeof expression === 'string') return text.startsWith(expression, at) ? at + expression.length : null;
  expression.lastIndex = at;
  return expression.test(text) ? expression.lastIndex : null;
}

const nodeOf = (ranks: readonly number[], read: number): Node => ({ ranks, read, branches: null });

function pieceOf(source: string): RegExp | string {
  const piece = BY_SOURCE.get(source) ?? (ESCAPED.test(source) ? source.slice(1) : undefined);
  if (piece === undefined) throw new TypeError(`no piece of a source: ${source}`);
  return piece;
}

/** The letters with which all these sources continue. */
function commonRun(sources: readonly string[], read: number): string {
  const [first = '', ...others] = sources;
  let end = endOf(LETTERS, first, read)!;
  for (const other of others) {
    let same = read;
    while (same < end && other[same] === first[same]) same += 1;
    end = same;
  }
  return first.slice(read, end);
}

function grow({ ranks, read }: Node, sources: readonly string[]): Branches {
  const groups = new Map<string, number[]>();
  for (const rank of ranks) {
    const source = sources[rank]!;
    const key = source.slice(read, endOf(PIECE, source, read) ?? read + 1);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [rank]);
    else group.push(rank);
  }
  const letters = new Map<number, { run: string; node: Node }>();
  const pieces: { piece: RegExp | string; node: Node }[] = [];
  for (const [key, group] of groups) {
    if (key === '') continue;
    if (/^[[\\(]/.test(key)) pieces.push({ piece: pieceOf(key), node: nodeOf(group, read + key.length) });
    else {
      const run = commonRun(
        group.map((rank) => sources[rank]!),
        read,
      );
      letters.set(key.charCodeAt(0), { run, node: nodeOf(group, read + run.length) });
    }
  }
  return { whole: groups.get('')?.[0] ?? null, letters, pieces };
}

/**
 * How many letters count as one step; a letter costs less than a branch. If a source repeats what a text repeats, each
 * position of the text is compared with the whole source.
 */
const LETTERS_A_STEP = 32;

/** Returns the ranges of the matches, from left to right, none within another, as far as the budget allows. */
type Search = (text: string, budget: Budget) => Span[];

export function createSearch({ sources, before, after }: Sources): Search {
  const root = nodeOf([...sources.keys()], 0);

  /** Where the preferred source that matches here ends; null: none matches. */
  function endAt(text: string, start: number, budget: Budget): number | null {
    let best = { rank: Infinity, end: -1 };
    const open: [Node, number][] = [[root, start]];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const [node, at] = next;
      budget.left -= 1;
      if (budget.left < 0) return null;
      if (!(node.ranks[0]! < best.rank)) continue;
      node.branches ??= grow(node, sources);
      const { whole, letters, pieces } = node.branches;
      if (whole !== null && whole < best.rank && endOf(before, text, start) !== null) {
        const end = endOf(after, text, at);
        if (end !== null) best = { rank: whole, end };
      }
      const branch = letters.get(text.charCodeAt(at));
      if (branch !== undefined) {
        budget.left -= branch.run.length / LETTERS_A_STEP;
        if (text.startsWith(branch.run, at)) open.push([branch.node, at + branch.run.length]);
      }
      for (const { piece, node: behind } of pieces) {
        const end = endOf(piece, text, at);
        if (end !== null) open.push([behind, end]);
      }
    }
    return best.end < 0 ? null : best.end;
  }

  return (text, budget) => {
    const found: Span[] = [];
    let at = 0;
    while (at <= text.length && sources.length > 0 && budget.left >= 0) {
      const end = endAt(text, at, budget);
      if (end !== null) found.push([at, end]);
      at = Math.max(end ?? 0, at + 1);
    }
    return found;
  };
}
