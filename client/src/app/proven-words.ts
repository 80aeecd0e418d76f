/** The words that say that the files and the disc may go, and which of them are not in the PACS. */
import { counted, files, studies } from '../kit/counted.ts';
import { formatCount } from '../kit/format.ts';
import type { Proven } from './proven.ts';

export const provenWords = {
  mayGo: ({ studies: count, except }: Pick<Proven, 'studies' | 'except'>) => {
    const said = `${count === 1 ? 'Your study is' : `Your ${studies(count)} are`} in the PACS: the disc or files may go`;
    return except === 0 ? said : `${said}, except ${files(except)} not sent`;
  },
  which: (count: number) => (count === 1 ? 'Which file?' : 'Which files?'),
  title: (count: number) => `${files(count)} not sent`,
  what: 'Keep the disc or the files if one of these is needed, and choose them again to send them.',
  ofStudy: (count: number, name: string) => `${counted(count, 'image', 'images')} left out of ${name}`,
  more: (count: number) => `and ${files(count)} more of this study`,
  others: (count: number) => `and ${formatCount(count)} more`,
};
