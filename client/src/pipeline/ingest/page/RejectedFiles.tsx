/**
 * Files that cannot be sent, grouped by what to do: a sentence, the next step, and the files on demand, with the
 * precise reason if the sentence covers several. The paths stay on this screen.
 */
import type { ComponentChildren } from 'preact';
import { ODD_NEXT, type ReasonCode } from '#shared/protocol/reasons.ts';
import { CodeLine } from '../../../kit/CodeLine.tsx';
import { formatCount } from '../../../kit/format.ts';
import { Icon } from '../../../kit/Icon.tsx';
import { typedSaid } from '../../../kit/identities.ts';
import { sentencesOfReason } from '../../../kit/reason-sentences.ts';
import { VirtualList } from '../../../kit/VirtualList.tsx';
import { chosenWords } from '../found/chosen-words.ts';
import type { RejectedFile } from '../found/found-study.ts';

/** The height of a line with a path, in px, as in the style sheet. */
export const LINE = 44;

/** Groups files by key, the most frequent key first. */
function groupBy<K>(
  files: readonly RejectedFile[],
  keyOf: (file: RejectedFile) => K,
): readonly (readonly [K, readonly RejectedFile[]])[] {
  return [...Map.groupBy(files, keyOf)].sort((a, b) => b[1].length - a[1].length);
}
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
        {groupBy(files, titleOf).map(([sentence, group]) => (
          <Group key={sentence} files={group} />
        ))}
      </ul>
    </section>
  );
}

/** Files that share the same explanation on the screen. */
function Group({ files }: { readonly files: readonly RejectedFile[] }) {
  const { title, next, precise } = sentencesOfReason(files[0]!.reason);
  // No policy sends this file, so it is already left out and nobody is asked.
  const isLeftOut = !('isReleasable' in files[0]!);
  const list = precise ? chosenWords.faultList : chosenWords.fileList;
  return (
    <li class="rejected-group">
      <span class="rejected-count numbers strong" aria-hidden="true">
        {formatCount(files.length)}
      </span>
      <div class="rejected-body">
        <p>{title}</p>
        <p class="quiet small">{isLeftOut && next === ODD_NEXT ? chosenWords.exportAgain : next}</p>
        <details class="disclosure">
          <summary class="small">
            <span class="disclosure-mark">
              <Icon name="chevron" size={16} turns />
            </span>
            {list(files.length)}
          </summary>
          {groupBy(files, reasonOf).map(([reason, same]) => (
            <OfOneReason key={reason} reason={reason} files={same} />
          ))}
        </details>
      </div>
    </li>
  );
}

type OfOneReasonProps = { readonly reason: ReasonCode; readonly files: readonly RejectedFile[] };

function OfOneReason({ reason, files }: OfOneReasonProps) {
  const { title, precise } = sentencesOfReason(reason);
  return (
    <>
      {precise && <p class="small">{precise}</p>}
      <VirtualList
        items={files}
        keyOf={(file) => file.path}
        estimate={LINE}
        label={precise ?? title}
        class="paths"
        render={(file) => <Path path={file.path} />}
      />
      <CodeLine code={reason} />
    </>
  );
}

/** Shortens the folders and keeps the file name whole, because the end of a path says more than its beginning. */
export function Path({ path }: { readonly path: string }) {
  const said = typedSaid(path);
  const slash = said.lastIndexOf('/') + 1;
  return (
    <p class="path small" title={said}>
      <bdi class="path-folder cut quiet">{said.slice(0, slash)}</bdi>
      <bdi class="path-name cut">{said.slice(slash)}</bdi>
    </p>
  );
}
