/** The columns of the list of exports, and what stands below a row. */
import type { Export } from '#shared/protocol/exports.ts';
import { leftOutLines } from '#shared/protocol/left-out-words.ts';
import { formatBytes, formatMoment } from '../kit/format.ts';
import { typedSaid } from '../kit/identities.ts';
import { ListMark } from '../kit/ListMark.tsx';
import type { Column } from '../kit/ListTable.tsx';
import { isBeingMade } from './exports.store.ts';
import { exportWords as words } from './export-words.ts';

const said = words.columns;

const moment = (at: string) => formatMoment(new Date(at), new Date());

export const EXPORT_NAME = {
  label: said.title,
  cell: ({ definition }: Export) => <bdi>{definition.title}</bdi>,
} as const;

export const EXPORT_COLUMNS: readonly Column<Export>[] = [
  { id: 'state', label: said.state, track: '14%', isState: true, cell: (of) => <State of={of} /> },
  {
    id: 'content',
    label: said.content,
    track: 'fit-content(16%)',
    cell: ({ definition: { redaction, format } }) =>
      words.about(words.redactions[redaction], words.formats[format]),
  },
  {
    id: 'size',
    label: said.size,
    cell: ({ rows, bytes, definition }) =>
      rows !== null && bytes !== null && words.size(rows, formatBytes(bytes), definition.format),
  },
  {
    id: 'purpose',
    label: said.purpose,
    isLabelled: true,
    cell: ({ purpose }) => purpose !== null && typedSaid(purpose),
  },
  { id: 'by', label: said.by, cell: ({ by }) => <bdi>{by}</bdi> },
  {
    id: 'created',
    label: said.created,
    isLabelled: true,
    cell: ({ createdAt }) => moment(createdAt),
  },
];

function State({ of }: { readonly of: Export }) {
  const { state, definition, done, total } = of;
  if (state === 'ready') return <ListMark icon="save" said={words.states.ready} />;
  if (state === 'failed') return <ListMark icon="decide" tone="stop" said={words.states.failed} />;
  return (
    <span role="status" class="export-state">
      {words.states[state]}
      {state === 'running' && (
        <>
          <progress max={Math.max(total, 1)} value={done} aria-label={definition.title} />
          <span class="quiet numbers">{words.progress(done, total)}</span>
        </>
      )}
    </span>
  );
}

/** Why there is no file yet or none at all; how long it is kept, its digest, and what is not in it. */
export function underExport(of: Export) {
  const { state, definition, trouble, found, done, rows, leftOut, sha256, expiresAt } = of;
  const isReady = state === 'ready';
  const waits = isBeingMade(of) && trouble !== null && words.waits[trouble];
  const alone = isReady && rows !== null && definition.redaction === 'anonymous' ? done - rows : 0;
  if (!isReady && !waits && state !== 'failed' && leftOut.length === 0) return null;
  return (
    <>
      {waits && <p role="status">{waits}</p>}
      {state === 'failed' && (
        <p class="export-failed">
          {words.failed[trouble ?? 'unexpected']}{' '}
          {found && words.found(found.field, found.row, definition.format)}
        </p>
      )}
      {alone > 0 && <p class="numbers">{words.alone(alone)}</p>}
      {leftOut.length > 0 && <p class="numbers">{words.leftOut(leftOutLines(leftOut))}</p>}
      {isReady && (
        <p class="quiet">
          {expiresAt !== null && words.keptUntil(moment(expiresAt))} {sha256 !== null && words.sha256}{' '}
          {sha256 !== null && <span class="code">{sha256}</span>}
        </p>
      )}
    </>
  );
}
