/** How far a regular expression may look, read from its form. */

export type Pattern = { readonly source: string; readonly flags: string };

const UNBOUNDED = /[*+]|\{\d{1,9},\}/y;
const GROUP = /\((?:\?(?:[=!]|<[=!]))?/y;

/** The source with each escape and each class as one letter: groups, quantifiers and letters are left. */
const skeletonOf = ({ source }: Pattern): string =>
  source.replace(/\\p\{[^}]*\}|\\k<\w+>|\\./gs, 'e').replace(/\[[^\]]*\]/g, 'c');

function takenAt(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? '';
}

/** Whether it ends within so many characters of where it begins. */
export const isBounded = (pattern: Pattern): boolean => !/[*+]|\{\d+,\}/.test(skeletonOf(pattern));

/**
 * The quantifiers without an upper bound that are not at the end of an alternative of the whole, or that stand in a
 * lookaround. The others have consumed all that they looked at: what such a one looks at may be looked at again.
 */
export function unboundedWithin(pattern: Pattern): string[] {
  const skeleton = skeletonOf(pattern);
  const open: string[] = [];
  const found: string[] = [];
  for (let at = 0; at < skeleton.length; at += 1) {
    if (skeleton[at] === '(') open.push(takenAt(GROUP, skeleton, at));
    else if (skeleton[at] === ')') open.pop();
    const quantifier = takenAt(UNBOUNDED, skeleton, at);
    if (quantifier === '') continue;
    const closers = ')'.repeat(open.length);
    const behind = skeleton.slice(at + quantifier.length);
    const isAtEnd =
      open.every((group) => group === '(') && (behind === closers || behind.startsWith(`${closers}|`));
    if (!isAtEnd) found.push(skeleton.slice(at, at + 30));
  }
  return found;
}
