/**
 * Link to the page where a person chooses the same files again, or better ones. Studies that this device
 * cannot continue with start there.
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
