/** The paths of files that cannot be sent for one reason, with its code. The paths stay on this screen. */
import type { ReasonCode } from '#shared/protocol/reasons.ts';
import { CodeLine } from '../../../kit/CodeLine.tsx';
import { typedSaid } from '../../../kit/identities.ts';
import { sentencesOfReason } from '../../../kit/reason-sentences.ts';
import { VirtualList } from '../../../kit/VirtualList.tsx';
import type { RejectedFile } from '../found/found-study.ts';

/** The height of a line with a path, in px, as in the style sheet. */
export const LINE = 44;

/** Groups files by key, the most frequent key first. */
export function groupFiles<K>(
  files: readonly RejectedFile[],
  keyOf: (file: RejectedFile) => K,
): readonly (readonly [K, readonly RejectedFile[]])[] {
  return [...Map.groupBy(files, keyOf)].sort((a, b) => b[1].length - a[1].length);
}

type PathsOfReasonProps = {
  readonly reason: ReasonCode;
  readonly files: readonly RejectedFile[];
  /** Whether the reason is stated even if no precise fault is known. */
  readonly isTitled?: boolean;
};

export function PathsOfReason({ reason, files, isTitled = false }: PathsOfReasonProps) {
  const { title, precise } = sentencesOfReason(reason);
  const said = precise ?? (isTitled ? title : undefined);
  return (
    <>
      {said && <p class="small">{said}</p>}
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
