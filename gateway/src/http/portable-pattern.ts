/**
 * Rewrites a regular expression for the API document. JSON Schema means ECMA-262, but a client's library supports what
 * its own language has. So the document uses the subset that all of them read alike.
 */
import { composePattern } from '#shared/compose-pattern.ts';

const CHARACTER = String.raw`x[\da-f]{2}|u[\da-f]{4}|[nrt]`;
/** The subset that JSON Schema 2020-12 §6.4 recommends, plus non-capturing groups and characters by their code. */
const PORTABLE = composePattern(
  `^(?:${[
    String.raw`[^\\.[\](){}*+?|^$]`,
    String.raw`\\(?:[\\.[\](){}*+?|^$/]|${CHARACTER})`,
    String.raw`\[(?!\^\])(?:[^\\[\]]|\\(?:[\\\]^/-]|${CHARACTER}))+\]`,
    String.raw`\((?:\?:|(?!\?))|[|^$)]`,
    String.raw`(?:[*+?]|\{\d+(?:,\d*)?\})\??(?![*+?{])`,
  ].join('|')})*$`,
  'i',
);

/** An escape, or the beginning or end of a class. */
const TOKEN = /\\(?:[pP]\{\w{1,64}\}|.)|[[\]]/gs;
/** Python's `\d` matches the digits of every script. JSON in UTF-8 has no lone surrogates (RFC 8259 §8.1). */
const IN_CLASS = { '\\p{Cc}': '\\x00-\\x1f\\x7f-\\x9f', '\\p{Cs}': '', '\\d': '0-9' };
const ALONE = { '\\P{Cc}': '[^\\x00-\\x1f\\x7f-\\x9f]', '\\d': '[0-9]' };

export const isPortable = (pattern: string): boolean => PORTABLE.test(pattern);

/**
 * Takes the expression as the generator writes it: its source, followed by a slash and its flags if it has any. Returns
 * a `rule` in words where the subset cannot express it.
 */
export function portablePattern(written: string): { readonly pattern: string } | { readonly rule: string } {
  const [, source = '', flags = ''] = /^((?:[^\\/]|\\.|\/(?![a-z]+$))*)(?:\/([a-z]+))?$/s.exec(written) ?? [];
  const pattern = rewrite(source);
  return ['', 'u'].includes(flags) && isPortable(pattern)
    ? { pattern }
    : { rule: `Matches the ECMA-262 expression \`/${source}/${flags}\`.` };
}

function rewrite(source: string): string {
  let forms: Readonly<Record<string, string>> = ALONE;
  return source.replaceAll(TOKEN, (token) => {
    if (token === '[') forms = IN_CLASS;
    else if (token === ']') forms = ALONE;
    return forms[token] ?? token;
  });
}
