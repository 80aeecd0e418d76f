/**
 * The corpus's canaries: a word that occurs nowhere else in every place of an instance where identity can be
 * (../shared/corpus/README.md), and a report with a name in its document, which no rule can clean. None of
 * these words may be found anywhere after de-identification.
 */
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createIdentitySearch, type IdentitySearch } from './find-identities.ts';

export type Canaries = {
  /** Instances that come out clean. */
  readonly instances: readonly CanaryFile[];
  /** Documents that are quarantined. */
  readonly documents: readonly CanaryFile[];
  readonly search: IdentitySearch;
};

export type CanaryFile = { readonly path: string; readonly bytes: Buffer };

/** All words begin with it (`readCanaries` asks): one search finds any of them, cut or whole. */
const STEM = 'CANARY0';
/** A name for files of the tests: a file's name identifies too. */
export const CANARY_NAME = 'CANARY000-SMITH';
/** The texts in the document and in the elements around it. */
const IN_DOCUMENT = ['CANARY-PDF-TEXT', 'Encapsulated^Petra', 'Petra Encapsulated'];

type CanaryList = {
  readonly dates: readonly string[];
  readonly tokens: readonly { readonly token: string; readonly where: string }[];
};

async function readFolder(folder: string): Promise<CanaryFile[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.dcm')).sort();
  return Promise.all(
    names.map(async (name) => ({ path: join(folder, name), bytes: await readFile(join(folder, name)) })),
  );
}

/** @throws Error where the list has a word that the search would not find. */
export async function readCanaries(corpus: string): Promise<Canaries> {
  const folder = join(corpus, 'dev/derived-phi-canary');
  const { dates, tokens } = JSON.parse(await readFile(join(folder, 'canaries.json'), 'utf8')) as CanaryList;
  const strange = tokens.find(({ token }) => !token.startsWith(STEM));
  if (strange !== undefined || tokens.length === 0)
    throw new Error(`the search for canaries does not know the word at ${strange?.where}`);
  return {
    instances: await readFolder(folder),
    documents: await readFolder(join(corpus, 'dev/derived-pdf')),
    search: createIdentitySearch([STEM, ...dates, ...IN_DOCUMENT]),
  };
}
