/**
 * The way to the page where the same files, or better ones, are chosen: what this device cannot carry on with
 * starts there.
 */
import { hrefOf } from '../../kit/routes.ts';
import { queueWords } from './queue-words.ts';

export function ChooseAgain() {
  return (
    <a class="button" href={hrefOf({ page: 'upload' })}>
      {queueWords.chooseAgain}
    </a>
  );
}
