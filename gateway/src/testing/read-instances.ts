/** Real files as instances. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesSource } from '#shared/dicom/byte-source.ts';
import { readInstance } from '#shared/dicom/part10.ts';
import type { SyntheticInstance } from '#testing/synthetic-study.ts';

/** Throws for a file that is no instance that the gateway takes. */
export const readInstances = (
  folder: string,
  names: readonly string[],
): Promise<readonly SyntheticInstance[]> =>
  Promise.all(
    names.map(async (fileName) => {
      const bytes = new Uint8Array(await readFile(join(folder, fileName)));
      const outcome = await readInstance(bytesSource(bytes));
      if (outcome.kind !== 'ready') throw new Error(`${fileName}: ${outcome.because}`);
      const { identifiers, transferSyntaxUID } = outcome.instance;
      return { fileName, identifiers, transferSyntaxUID, bytes };
    }),
  );
