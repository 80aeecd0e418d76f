/** The sheets that ask how several cases are changed, or why they are closed or reopened. */
import { useSignal } from '@preact/signals';
import { CASE_PRIORITIES } from '#shared/protocol/cases.ts';
import { Field, SelectField, TextField } from '../kit/fields.tsx';
import { FormSheet } from '../kit/FormSheet.tsx';
import { mistakeOf } from '../kit/trouble.ts';
import { TypedField } from '../kit/TypedField.tsx';
import { AssigneeOptions } from './parts/CaseForm.tsx';
import { useStoreForm } from '../kit/use-form.ts';
import { ReasonField } from './ReasonField.tsx';
import { bulkWords as words } from './bulk-words.ts';
import type { BulkAction, BulkSet, BulkStore } from './bulk.store.ts';
import { caseWords } from './parts/case-words.ts';

type BulkSheetProps = {
  readonly count: number;
  readonly store: BulkStore;
  readonly onApply: (action: BulkAction) => Promise<boolean>;
  readonly onClose: () => void;
};

/** No account and no priority has this id, so the option can mean "keep it as it is". */
const KEEP = 'keep';

export function BulkChangeSheet({
  count,
  store,
  hasTags,
  onApply,
  onClose,
}: BulkSheetProps & { readonly hasTags: boolean }) {
  const form = useStoreForm(store);
  const send = (data: FormData) =>
    form.submit(async () => {
      const set = readSet(data);
      if (Object.keys(set).length === 0) return mistakeOf(words.nothing);
      if (await onApply({ kind: 'change', set })) onClose();
    });
  return (
    <FormSheet
      title={words.changeTitle(count)}
      form={form}
      words={{ ...words, submit: words.submit(count) }}
      onSubmit={send}
      onClose={onClose}
    >
      <Field label={caseWords.form.assignee} name="assignee">
        {(input) => (
          <select {...input}>
            <option value={KEEP}>{words.keep}</option>
            <AssigneeOptions chosen={null} />
          </select>
        )}
      </Field>
      <SelectField
        label={caseWords.form.priority}
        name="priority"
        options={{ [KEEP]: words.keep, ...caseWords.priorities }}
      />
      {hasTags && (
        <TypedField title={words.tag}>
          <TextField label={words.tag} name="tag" longest={40} />
        </TypedField>
      )}
    </FormSheet>
  );
}

function readSet(data: FormData): BulkSet {
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
  const form = useStoreForm<'reason'>(store);
  const send = () =>
    form.submit(async () => {
      const said = reason.value.trim();
      if (missing !== null && said === '') return { ...mistakeOf(missing), field: 'reason' };
      if (await onApply({ kind, reason: said })) onClose();
    });
  return (
    <FormSheet
      title={title(count)}
      form={form}
      words={{ ...words, submit: verb(count) }}
      onSubmit={send}
      onClose={onClose}
    >
      {what !== null && <p class="quiet">{what}</p>}
      <ReasonField label={label} reason={reason} />
    </FormSheet>
  );
}
