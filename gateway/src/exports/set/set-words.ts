/** The words of a set of DICOM instances. */
import { imagesAndDocuments } from '#shared/protocol/left-out-words.ts';
import type { SetHead } from './set-thread.ts';

export const setWords = {
  about: (
    { title, policy }: Pick<SetHead, 'title' | 'policy'>,
    { written, faces }: { readonly written: number; readonly faces: number },
    left: readonly string[],
  ) =>
    [
      title,
      '',
      `${imagesAndDocuments(written)}, in a folder for each patient, study and series.`,
      `Names were removed under the policy ${policy.name}, version ${policy.version}. Not for diagnosis.`,
      ...(faces === 0 ? [] : [setWords.faces(faces)]),
      'CASES.CSV lists the folder of each case. If a viewer needs a DICOMDIR, create it with dcmmkdir +r +I.',
      '',
      ...(left.length === 0 ? ['Nothing was left out.'] : ['Left out:', ...left]),
      '',
    ].join('\r\n'),
  faces: (count: number) =>
    `${imagesAndDocuments(count)} of a head: the face could be reconstructed. Removing names does not remove it.`,
};
