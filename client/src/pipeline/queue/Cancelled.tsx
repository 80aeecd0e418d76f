/** The outcome of a cancelled study, with a link to its receipt where some of it reached the PACS all the same. */
import { hrefOf } from '../../kit/routes.ts';
import { cancelledWhat } from './cancelled-what.ts';
import { endingWords } from './ending-words.ts';
import type { QueuedStudy } from './queued-study.ts';

export function Cancelled({ study }: { readonly study: QueuedStudy }) {
  const id = study.toldSince?.uploadId;
  return (
    <>
      <p>{cancelledWhat(study)}</p>
      {id && (
        <p>
          <a class="button button-bare" href={hrefOf({ page: 'sent', id })}>
            {endingWords.openReceipt}
          </a>
        </p>
      )}
    </>
  );
}
