/** The bar for selected cases: their number, the possible actions, and the result of the last action with its undo. */
import { useSignal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { ListedCase } from '#shared/protocol/cases.ts';
import { ALL_PROBLEMS } from '#shared/protocol/inference-problems.ts';
import { ExportSheet } from '../exports/ExportSheet.tsx';
import { Notice } from '../kit/Notice.tsx';
import { BulkChangeSheet, BulkReasonSheet } from './BulkSheets.tsx';
import { bulkWords as words } from './bulk-words.ts';
import type { BulkAction, BulkResult, BulkStore } from './bulk.store.ts';
import { TroubleAlert } from '../kit/TroubleAlert.tsx';

type BulkBarProps = {
  readonly store: BulkStore;
  readonly cases: readonly ListedCase[];
  /** Called after each change, because the list then has different cases. */
  readonly onDone: () => void;
};

export function BulkBar({ store, cases, onDone }: BulkBarProps) {
  const asking = useSignal<BulkAction['kind'] | 'export' | null>(null);
  const chosen = cases.filter(({ id }) => store.chosen.value.has(id));
  const count = chosen.length;
  const apply = async (action: BulkAction): Promise<boolean> => {
    const isAnswered = await store.apply(chosen, action);
    if (isAnswered) onDone();
    return isAnswered;
  };
  const sheet = { count, store, onApply: apply, onClose: () => (asking.value = null) };
  const areClosed = chosen.every(({ status }) => status === 'closed');
  const ask = (kind: BulkAction['kind'] | 'export') => () => (asking.value = kind);
  return (
    <section class="case-bulk stack" aria-label={words.label}>
      <div class="row">
        <p role="status" class="numbers">
          {count > 0 && words.chosen(count)}
        </p>
        {count > 0 && !areClosed && <Press label={words.change} onPress={ask('change')} />}
        {count > 0 && !areClosed && <Press label={words.close} onPress={ask('close')} />}
        {count > 0 && areClosed && <Press label={words.reopen} onPress={ask('reopen')} />}
        {count > 0 && <Press label={words.export} onPress={ask('export')} />}
        {count < cases.length && (
          <span class={count === 0 ? 'bulk-all' : undefined}>
            <Press label={words.all} onPress={() => store.choose(cases.map(({ id }) => id))} />
          </span>
        )}
        {count > 0 && <Press label={words.none} onPress={() => store.choose([])} />}
      </div>
      <Result store={store} onDone={onDone} isCovered={asking.value !== null} />
      {asking.value === 'export' && (
        <ExportSheet selection={{ cases: chosen.map(({ id }) => id) }} onClose={sheet.onClose} />
      )}
      {asking.value === 'change' && (
        <BulkChangeSheet {...sheet} hasTags={chosen.every(({ tags }) => tags !== null)} />
      )}
      {(asking.value === 'close' || asking.value === 'reopen') && (
        <BulkReasonSheet {...sheet} kind={asking.value} />
      )}
    </section>
  );
}

function Press({ label, onPress }: { readonly label: string; readonly onPress: () => void }) {
  return (
    <button type="button" class="button" onClick={onPress}>
      {label}
    </button>
  );
}

type ResultProps = Pick<BulkBarProps, 'store' | 'onDone'> & {
  /** A sheet is open above the bar and has the focus. */
  readonly isCovered: boolean;
};

/** The result of an action. It takes the focus, because the pressed button is gone. */
function Result({ store, onDone, isCovered }: ResultProps) {
  const result = store.result.value;
  const message = useRef<HTMLDivElement>(null);
  const told = useRef(result);
  useLayoutEffect(() => {
    if (isCovered || told.current === result) return;
    told.current = result;
    message.current?.focus();
  }, [isCovered, result]);
  const isBusy = store.isBusy.value;
  const undo = async () => {
    if (await store.undo()) onDone();
  };
  return (
    <>
      <div role="status" ref={message} tabIndex={-1}>
        {result !== null && (
          <Notice kind="plain" title={words.did[result.kind](result.done)}>
            {store.mayUndo.value && (
              <p>
                <button type="button" class="button" disabled={isBusy} onClick={() => void undo()}>
                  {isBusy ? words.undoing : words.undo}
                </button>
              </p>
            )}
          </Notice>
        )}
      </div>
      {result !== null && result.refused.length > 0 && <Refused refused={result.refused} />}
      <TroubleAlert trouble={store.trouble.value} />
    </>
  );
}

function Refused({ refused }: Pick<BulkResult, 'refused'>) {
  const problems: Readonly<Record<string, { readonly title: string } | undefined>> = ALL_PROBLEMS;
  return (
    <Notice kind="stop" title={words.refused(refused.length)}>
      <ul class="plain">
        {refused.map(({ number, code }) => (
          <li key={number} class="numbers">
            {words.refusedOne(number, problems[code]?.title ?? code)}
          </li>
        ))}
      </ul>
    </Notice>
  );
}
