/**
 * Files that cannot be sent, grouped by what to do: a sentence, the next step, and the files on demand, with the
 * precise reason if the sentence covers several. The paths stay on this screen.
 */
import type { ComponentChildren } from 'preact';
import { ODD_NEXT, type ReasonCode } from '#shared/protocol/reasons.ts';
import { formatCount } from '../../../kit/format.ts';
import { Icon } from '../../../kit/Icon.tsx';
import { sentencesOfReason } from '../../../kit/reason-sentences.ts';
import { groupFiles, PathsOfReason } from '../card/PathsOfReason.tsx';
import { chosenWords } from '../found/chosen-words.ts';
import type { RejectedFile } from '../found/found-study.ts';

const titleOf = ({ reason }: RejectedFile): string => sentencesOfReason(reason).title;
const reasonOf = ({ reason }: RejectedFile): ReasonCode => reason;

export function RejectedFiles({
  files,
  title,
  what,
  action,
}: {
  readonly files: readonly RejectedFile[];
  readonly title: string;
  readonly what: string;
  readonly action?: ComponentChildren;
}) {
  if (files.length === 0) return null;
  return (
    <section class="rejected" aria-label={title}>
      <h2>{title}</h2>
      <p class="quiet small">{what}</p>
      {action}
      <ul class="rejected-groups">
        {groupFiles(files, titleOf).map(([sentence, group]) => (
          <Group key={sentence} files={group} />
        ))}
      </ul>
    </section>
  );
}

/** Files that share the same explanation on the screen. */
function Group({ files }: { readonly files: readonly RejectedFile[] }) {
  const { title, next, precise } = sentencesOfReason(files[0]!.reason);
  const list = precise ? chosenWords.faultList : chosenWords.fileList;
  return (
    <li class="rejected-group">
      <span class="rejected-count numbers strong" aria-hidden="true">
        {formatCount(files.length)}
      </span>
      <div class="rejected-body">
        <p>{title}</p>
        <p class="quiet small">{next === ODD_NEXT ? chosenWords.exportAgain : next}</p>
        <details class="disclosure">
          <summary class="small">
            <span class="disclosure-mark">
              <Icon name="chevron" size={16} turns />
            </span>
            {list(files.length)}
          </summary>
          {groupFiles(files, reasonOf).map(([reason, same]) => (
            <PathsOfReason key={reason} reason={reason} files={same} />
          ))}
        </details>
      </div>
    </li>
  );
}
