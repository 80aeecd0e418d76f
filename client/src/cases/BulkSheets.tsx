/** The sheets that ask how several cases are changed, or why they are closed or opened again. */
import { useSignal } from '@preact/signals';
import { CASE_PRIORITIES } from '#shared/protocol/cases.ts';
import { FormActions } from '../kit/FormActions.tsx';
import { Notice } from '../kit/Notice.tsx';
import { Sheet } from '../kit/Sheet.tsx';
import { TypedField } from '../kit/TypedField.tsx';
import { AssigneeOptions } from './CaseForm.tsx';
import { TroubleAlert } from '../kit/TroubleAlert.tsx';
import { ReasonField } from './ReasonField.tsx';
import { bulkWords as words } from './bulk-words.ts';
import type { BulkAction, BulkSet, BulkStore } from './bulk.store.ts';
import { caseWords } from './case-words.ts';

type BulkSheetProps = {
  readonly count: number;
  readonly store: BulkStore;
  readonly onApply: (action: BulkAction) => Promise<boolean>;
  readonly onClose: () => void;
};

/** No account has this id. */
const KEEP = 'keep';

export function BulkChangeSheet({
  count,
  store,
  hasTags,
  onApply,
  onClose,
}: BulkSheetProps & { readonly hasTags: boolean }) {
  const isEmpty = useSignal(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const set = readSet(event.currentTarget as HTMLFormElement);
    isEmpty.value = Object.keys(set).length === 0;
    if (!isEmpty.value && (await onApply({ kind: 'change', set }))) onClose();
  };
  return (
    <Sheet title={words.changeTitle(count)} onClose={onClose}>
      <form class="stack sheet-part" onSubmit={(event) => void submit(event)} noValidate>
        <label class="field">
          <span>{caseWords.form.assignee}</span>
          <select name="assignee">
            <option value={KEEP}>{words.keep}</option>
            <AssigneeOptions chosen={null} />
          </select>
        </label>
        <label class="field">
          <span>{caseWords.form.priority}</span>
          <select name="priority">
            <option value={KEEP}>{words.keep}</option>
            {CASE_PRIORITIES.map((priority) => (
              <option key={priority} value={priority}>
                {caseWords.priorities[priority]}
              </option>
            ))}
          </select>
        </label>
        {hasTags && (
          <TypedField title={words.tag}>
            <label class="field">
              <span>{words.tag}</span>
              <input name="tag" type="text" maxLength={40} autocomplete="off" />
            </label>
          </TypedField>
        )}
        <div role="alert">{isEmpty.value && <Notice kind="stop" title={words.nothing} />}</div>
        <TroubleAlert trouble={store.trouble.value} />
        <FormActions
          submit={words.submit(count)}
          submitting={words.submitting}
          isBusy={store.isBusy.value}
          onCancel={onClose}
        />
      </form>
    </Sheet>
  );
}

function readSet(form: HTMLFormElement): BulkSet {
  const data = new FormData(form);
  const text = (name: string): string => String(data.get(name) ?? '').trim();
  const priority = CASE_PRIORITIES.find((known) => known === text('priority'));
  return {
    ...(text('assignee') !== KEEP && { assigneeId: text('assignee') || null }),
    ...(priority !== undefined && { priority }),
    ...(text('tag') !== '' && { tag: text('tag') }),
  };
}

const REASONS = {
  close: {
    title: words.closeTitle,
    what: words.closeWhat,
    reason: caseWords.closing.reason,
    missing: null,
    submit: words.submitClose,
  },
  reopen: {
    title: words.reopenTitle,
    what: null,
    reason: caseWords.reopening.reason,
    missing: caseWords.reopening.missing,
    submit: words.submitReopen,
  },
};

export function BulkReasonSheet({
  kind,
  count,
  store,
  onApply,
  onClose,
}: BulkSheetProps & { readonly kind: 'close' | 'reopen' }) {
  const { title, what, reason: label, missing, submit: verb } = REASONS[kind];
  const reason = useSignal('');
  const isMissing = useSignal(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const said = reason.value.trim();
    isMissing.value = missing !== null && said === '';
    if (!isMissing.value && (await onApply({ kind, reason: said }))) onClose();
  };
  return (
    <Sheet title={title(count)} onClose={onClose}>
      <form class="stack sheet-part" onSubmit={(event) => void submit(event)} noValidate>
        {what !== null && <p class="quiet">{what}</p>}
        <ReasonField {...{ label, reason }} isMissing={isMissing.value} missing={missing} />
        <TroubleAlert trouble={store.trouble.value} />
        <FormActions
          submit={verb(count)}
          submitting={words.submitting}
          isBusy={store.isBusy.value}
          onCancel={onClose}
        />
      </form>
    </Sheet>
  );
}
