/**
 * Files that cannot be sent, grouped by reason: the sentence, the next step, and the files on demand. The
 * paths stay on this screen.
 */
import { REASONS, type ReasonCode } from '#shared/protocol/reasons.ts';
import { CodeLine } from '../../kit/CodeLine.tsx';
import { formatCount } from '../../kit/format.ts';
import { Icon } from '../../kit/Icon.tsx';
import { VirtualList } from '../../kit/VirtualList.tsx';
import { chosenWords } from './chosen-words.ts';
import type { RejectedFile } from './found-study.ts';

/** Height of one line of a path, in px; the style sheet says the same. */
const LINE = 44;

/** Files by reason, the most frequent first. */
function groupByReason(
  files: readonly RejectedFile[],
): readonly (readonly [ReasonCode, readonly RejectedFile[]])[] {
  const groups = new Map<ReasonCode, RejectedFile[]>();
  for (const file of files) {
    const group = groups.get(file.reason);
    if (group) group.push(file);
    else groups.set(file.reason, [file]);
  }
  return [...groups].sort((a, b) => b[1].length - a[1].length);
}

export function RejectedFiles({
  files,
  title,
  what,
}: {
  readonly files: readonly RejectedFile[];
  readonly title: string;
  readonly what: string;
}) {
  if (files.length === 0) return null;
  return (
    <section class="rejected" aria-label={title}>
      <h2>{title}</h2>
      <p class="quiet small">{what}</p>
      <ul class="rejected-groups">
        {groupByReason(files).map(([reason, group]) => (
          <li key={reason} class="rejected-group">
            <span class="rejected-count numbers strong" aria-hidden="true">
              {formatCount(group.length)}
            </span>
            <div class="rejected-body">
              <p>{REASONS[reason].title}</p>
              <p class="quiet small">{REASONS[reason].next}</p>
              <details class="disclosure">
                <summary class="small">
                  <span class="disclosure-mark">
                    <Icon name="chevron" size={16} turns />
                  </span>
                  {chosenWords.fileList(group.length)}
                </summary>
                <VirtualList
                  items={group}
                  keyOf={(file) => file.path}
                  estimate={LINE}
                  label={REASONS[reason].title}
                  class="paths"
                  render={(file) => <Path file={file} />}
                />
                <CodeLine code={reason} />
              </details>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The end of a path says more than its beginning: the name is kept whole, the folders are cut. */
function Path({ file }: { readonly file: RejectedFile }) {
  const slash = file.path.lastIndexOf('/') + 1;
  return (
    <p class="path small" title={file.path}>
      <bdi class="path-folder cut quiet">{file.path.slice(0, slash)}</bdi>
      <bdi class="path-name cut">{file.path.slice(slash)}</bdi>
    </p>
  );
}
