/** The real files of the corpus, as its manifest lists them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { IS_WHOLE_PROOF } from './environment.ts';

export type CorpusFile = {
  /** Below the corpus, for example `dev/ct-small/CT_small.dcm`. */
  readonly path: string;
  readonly set: string;
  readonly transferSyntax: string | null;
  readonly modality: string | null;
  readonly expect?: string;
  readonly expectWhy?: string;
};

export function realFiles(corpus: string): readonly CorpusFile[] {
  const { files } = JSON.parse(readFileSync(join(corpus, 'manifest.json'), 'utf8')) as {
    files: readonly CorpusFile[];
  };
  return files.filter(({ set }) => set === 'dev');
}

/** By day one of each kind: where nothing else is said, of each folder and transfer syntax. At night all of them. */
export function representativeFiles(
  corpus: string,
  kindOf = ({ path, transferSyntax }: CorpusFile) => `${path.split('/')[1]} ${transferSyntax}`,
): readonly CorpusFile[] {
  const files = realFiles(corpus);
  if (IS_WHOLE_PROOF) return files;
  return [...Map.groupBy(files, kindOf).values()].map(([first]) => first!);
}
