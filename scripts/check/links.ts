/** Links between documents: each leads to a file that is there and, with a `#`, to a heading in it. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { findSources, ROOT } from './source-files.ts';

const FOLDERS = ['docs', 'shared', 'orthanc', 'client', 'gateway', 'scripts'];
const LINK = /\]\((?![a-z]+:)([^)\s#]*)(?:#([^)\s]+))?\)/g;
const HEADING = /^#+ +(.+)$/gm;

/** The name that GitHub gives to a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

export async function checkLinks(): Promise<string[]> {
  const paths = ['README.md', ...(await findSources(/\.md$/, FOLDERS))];
  const read = async (path: string) => [path, await readFile(join(ROOT, path), 'utf8')] as const;
  const texts = new Map(await Promise.all(paths.map(read)));
  return [...texts].flatMap(([path, text]) => deadLinks(path, text, texts));
}

/** `texts`: all documents, by their paths. */
export function deadLinks(path: string, text: string, texts: ReadonlyMap<string, string>): string[] {
  return [...text.matchAll(LINK)].flatMap(([, file = '', anchor]) => {
    const target = file === '' ? path : normalize(join(dirname(path), file));
    if (!texts.has(target) && !existsSync(join(ROOT, target))) return [`${path}: no file ${file}`];
    const headings = [...(texts.get(target) ?? '').matchAll(HEADING)].map(([, heading]) =>
      anchorOf(heading!),
    );
    const isThere = anchor === undefined || headings.includes(anchor);
    return isThere ? [] : [`${path}: no heading #${anchor} in ${file || 'itself'}`];
  });
}
