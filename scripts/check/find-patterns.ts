/**
 * Finds the regular expressions of the product: the literals in its sources, and the composed ones by loading the
 * modules that compose them. They are composed in one place, and only while a module loads, so that none is missed.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseSync, Visitor, type CallExpression, type Node } from 'oxc-parser';
import { composedPatterns } from '#shared/compose-pattern.ts';
import type { Pattern } from './pattern-form.ts';
import { findTests, ROOT, type SourceFile } from './source-files.ts';

/** `isLoop`: it is used again behind each of its matches. */
export type FoundPattern = Pattern & { readonly at: string; readonly isLoop: boolean };
export type Found = {
  readonly patterns: readonly FoundPattern[];
  /** Expressions that are made where nobody would find them. */
  readonly misplaced: readonly { readonly at: string; readonly what: string }[];
};

export const DOOR = 'shared/src/compose-pattern.ts';
/** A literal stands behind a sign or a keyword, a division behind a value: most files need no parser. */
const MAY_HAVE =
  /(?:[^\w$\].'"`\s/*]|\b(?:return|case|of|in|typeof|await|yield|void))\s*\/(?![/*])|RegExp|composePattern/;
const PRODUCT = /^(gateway|shared|client)\/src\//;

const isNamed = (node: Node, name: string): boolean => node.type === 'Identifier' && node.name === name;
/** `list.map(…)`, `text.split(…)` */
const isMethod = ({ callee }: CallExpression, name: string): boolean =>
  callee.type === 'MemberExpression' && isNamed(callee.property, name);

export function findInFile({ path, text }: SourceFile): Found {
  const { program, errors } = parseSync(path, text);
  if (errors.length > 0) return { patterns: [], misplaced: [{ at: path, what: errors[0]!.message }] };
  const patterns: FoundPattern[] = [];
  const misplaced: { at: string; what: string }[] = [];
  const placeOf = ({ start }: Node): string => `${path}:${text.slice(0, start).split('\n').length}`;
  /** Arguments of `split`, which searches again behind each match. */
  const splitters = new Set<Node>();
  /** Functions that run while the module loads: the callbacks of `map` there. */
  const atOnce = new Set<Node>();
  let depth = 0;
  const enter = (node: Node): void => {
    depth += atOnce.has(node) ? 0 : 1;
  };
  const leave = (node: Node): void => {
    depth -= atOnce.has(node) ? 0 : 1;
  };
  const lookAtMaker = (node: Node & { readonly callee: Node }): void => {
    if (isNamed(node.callee, 'RegExp') && path !== DOOR)
      misplaced.push({ at: placeOf(node), what: `composed elsewhere than in ${DOOR}` });
  };
  new Visitor({
    NewExpression: lookAtMaker,
    CallExpression(node) {
      lookAtMaker(node);
      if (isMethod(node, 'split')) for (const one of node.arguments) splitters.add(one);
      if (isMethod(node, 'map') && depth === 0) for (const one of node.arguments) atOnce.add(one);
      if (isNamed(node.callee, 'composePattern') && depth > 0)
        misplaced.push({ at: placeOf(node), what: 'composed in a function: only while the module loads' });
    },
    FunctionDeclaration: enter,
    'FunctionDeclaration:exit': leave,
    FunctionExpression: enter,
    'FunctionExpression:exit': leave,
    ArrowFunctionExpression: enter,
    'ArrowFunctionExpression:exit': leave,
    Literal(node) {
      if (!('regex' in node)) return;
      const { pattern: source, flags } = node.regex;
      patterns.push({ source, flags, at: placeOf(node), isLoop: /[gy]/.test(flags) || splitters.has(node) });
    },
  }).visit(program);
  return { patterns, misplaced };
}

async function loadComposed(paths: readonly string[]): Promise<FoundPattern[]> {
  await Promise.all(paths.map((path) => import(pathToFileURL(join(ROOT, path)).href)));
  return composedPatterns.map(({ source, flags }) => ({
    ...{ source, flags, at: `by ${DOOR}` },
    isLoop: /[gy]/.test(flags),
  }));
}

export async function findPatterns(files: readonly SourceFile[]): Promise<Found> {
  const tests = findTests(files);
  const product = files.filter(({ path }) => PRODUCT.test(path) && !tests.has(path));
  const looks = product.filter(({ text }) => MAY_HAVE.test(text)).map(findInFile);
  const composers = product.filter(({ imports }) => imports.some(({ target }) => target === DOOR));
  const composed = await loadComposed(composers.map(({ path }) => path));
  return {
    patterns: [...looks.flatMap(({ patterns }) => patterns), ...composed],
    misplaced: looks.flatMap(({ misplaced }) => misplaced),
  };
}
