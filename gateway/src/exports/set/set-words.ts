/** The words of a set of DICOM instances. */
import type { SetHead } from './set-thread.ts';

const counted = (count: number): string =>
  count === 1 ? '1 image or document' : `${count.toLocaleString('en')} images and documents`;

export const setWords = {
  about: (
    { title, policy }: Pick<SetHead, 'title' | 'policy'>,
    { written, faces }: { readonly written: number; readonly faces: number },
    left: readonly string[],
  ) =>
    [
      title,
      '',
      `${counted(written)}, in a folder for each patient, study and series.`,
      `Names were removed under the policy ${policy.name}, version ${policy.version}. Not for diagnosis.`,
      ...(faces === 0 ? [] : [setWords.faces(faces)]),
      'CASES.CSV says which folder is of which case. Make a DICOMDIR with dcmmkdir +r +I if a viewer asks for one.',
      '',
      ...(left.length === 0 ? ['Nothing was left out.'] : ['Left out:', ...left]),
      '',
    ].join('\r\n'),
  faces: (count: number) =>
    `${counted(count)} of a head: the face could be reconstructed. Removing names does not remove it.`,
  left: (because: string, count: number) => `${counted(count)}: ${because}`,
  gone: 'The PACS no longer has it.',
  blinded: 'You read its case without it: once you have signed, another set has it.',
};
