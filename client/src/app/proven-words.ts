/** The words that say that the files and the disc may go. */
import { files, studies } from '../kit/counted.ts';
import type { Proven } from './proven.ts';

export const provenWords = {
  mayGo: ({ studies: count, except }: Proven) => {
    const said = `${count === 1 ? 'Your study is' : `Your ${studies(count)} are`} in the PACS: the disc or files may go`;
    return except === 0 ? said : `${said}, except ${files(except)} not sent`;
  },
};
