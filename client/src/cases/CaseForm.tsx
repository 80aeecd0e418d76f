/** The sheet in which a case is opened, and the one in which it is changed. */
import { useSignal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import {
  assigneesSchema,
  CASE_PRIORITIES,
  caseSchema,
  type Assignees,
  type Case,
  type CasePriority,
} from '#shared/protocol/cases.ts';
import { troubleOf } from '../net/trouble-of.ts';
import type { Trouble } from '../kit/trouble.ts';
import { FormActions } from '../kit/FormActions.tsx';
import { Notice } from '../kit/Notice.tsx';
import { leadFromHere } from '../kit/lead-from-here.ts';
import { hrefOf } from '../kit/routes.ts';
import { Sheet } from '../kit/Sheet.tsx';
import { TypedField } from '../kit/TypedField.tsx';
import { useSubmit } from '../kit/use-submit.ts';
import { useApi } from '../net/net-context.ts';
import { TroubleAlert } from '../kit/TroubleAlert.tsx';
import type { CaseStore, Change } from './case.store.ts';
import { caseWords } from './case-words.ts';
import { KnownCases } from './KnownCases.tsx';
import { PatientOfStudy } from './PatientOf.tsx';
import './cases.css';

const words = caseWords.form;

export type NewCaseSheetProps = {
  /** Null: the person names an accession number or a Patient ID. */
  readonly studyInstanceUID: string | null;
  readonly onClose: () => void;
};

export function NewCaseSheet({ studyInstanceUID, onClose }: NewCaseSheetProps) {
  const api = useApi();
  const trouble = useSignal<Trouble | null>(null);
  const missing = useSignal<string | null>(null);
  const submitting = useSubmit((error) => (trouble.value = troubleOf(error)));
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const typed = readForm(event.currentTarget as HTMLFormElement);
    const isWhole = typed.fields.title !== '' && (studyInstanceUID !== null || typed.number !== '');
    missing.value = isWhole ? null : studyInstanceUID === null ? words.incompleteNumber : words.incomplete;
    if (!isWhole) return;
    const about =
      studyInstanceUID !== null
        ? { studies: [studyInstanceUID] }
        : { expected: { [typed.kind === 'patient-id' ? 'patientId' : 'accessionNumber']: typed.number } };
    trouble.value = null;
    const lead = leadFromHere();
    await submitting.run(async () => {
      const body = { ...typed.fields, ...about };
      const { id } = await api.json('/cases', caseSchema, { method: 'POST', body });
      onClose();
      lead(hrefOf({ page: 'cases', id, query: '' }));
    });
  };
  return (
    <Sheet title={words.newTitle} onClose={onClose}>
      <form class="stack sheet-part" onSubmit={(event) => void submit(event)} noValidate>
        {studyInstanceUID !== null && (
          <>
            <PatientOfStudy studyInstanceUID={studyInstanceUID} />
            <KnownCases {...{ studyInstanceUID, onClose }} />
          </>
        )}
        <Title value="" />
        {studyInstanceUID === null && <NumberOfStudy />}
        <Fields of={null} />
        <div role="alert">{missing.value && <Notice kind="stop" title={missing.value} />}</div>
        <TroubleAlert trouble={trouble.value} />
        <FormActions
          submit={words.submit}
          submitting={words.submitting}
          isBusy={submitting.isBusy.value}
          onCancel={onClose}
        />
      </form>
    </Sheet>
  );
}

type EditCaseSheetProps = { readonly of: Case; readonly store: CaseStore; readonly onClose: () => void };

/** Behind the switch that hides titles, title and tags are not changed either. */
export function EditCaseSheet({ of, store, onClose }: EditCaseSheetProps) {
  const isIncomplete = useSignal(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const { title, tags, ...fields } = readForm(form).fields;
    const status = new FormData(form).get('status') === 'on-hold' ? 'on-hold' : 'open';
    isIncomplete.value = of.title !== null && title === '';
    if (isIncomplete.value) return;
    const change: Change = { ...fields, status, ...(of.title !== null && { title, tags }) };
    if (await store.change(change)) onClose();
  };
  return (
    <Sheet title={words.editTitle} onClose={onClose}>
      <form class="stack sheet-part" onSubmit={(event) => void submit(event)} noValidate>
        {of.title !== null && <Title value={of.title} />}
        <label class="field">
          <span>{words.status}</span>
          <select name="status">
            {(['open', 'on-hold'] as const).map((status) => (
              <option key={status} value={status} selected={status === of.status}>
                {caseWords.statuses[status]}
              </option>
            ))}
          </select>
        </label>
        <Fields of={of} />
        <div role="alert">{isIncomplete.value && <Notice kind="stop" title={words.incomplete} />}</div>
        <TroubleAlert trouble={store.trouble.value} />
        <FormActions
          submit={words.save}
          submitting={words.saving}
          isBusy={store.isBusy.value}
          onCancel={onClose}
        />
      </form>
    </Sheet>
  );
}

function readForm(form: HTMLFormElement) {
  const data = new FormData(form);
  const text = (name: string): string => String(data.get(name) ?? '').trim();
  return {
    kind: text('kind'),
    number: text('number'),
    fields: {
      title: text('title'),
      priority: (CASE_PRIORITIES.find((known) => known === text('priority')) ?? 'routine') as CasePriority,
      dueOn: text('due') || null,
      assigneeId: text('assignee') || null,
      tags: text('tags')
        .split(',')
        .map((tag) => tag.trim())
        .filter((tag) => tag !== ''),
    },
  };
}

function Title({ value }: { readonly value: string }) {
  return (
    <TypedField title={words.title}>
      <label class="field">
        <span>{words.title}</span>
        <input name="title" type="text" maxLength={200} autocomplete="off" defaultValue={value} />
        <span class="small quiet">{words.titleHint}</span>
      </label>
    </TypedField>
  );
}

function NumberOfStudy() {
  return (
    <>
      <label class="field">
        <span>{words.about}</span>
        <select name="kind">
          {(['accession-number', 'patient-id'] as const).map((kind) => (
            <option key={kind} value={kind}>
              {words.aboutKinds[kind]}
            </option>
          ))}
        </select>
      </label>
      <TypedField title={words.number}>
        <label class="field">
          <span>{words.number}</span>
          <input name="number" type="text" maxLength={64} autocomplete="off" spellcheck={false} />
          <span class="small quiet">{words.numberHint}</span>
        </label>
      </TypedField>
    </>
  );
}

/** `of` null: a new case. */
function Fields({ of }: { readonly of: Case | null }) {
  return (
    <>
      <div class="case-pair">
        <label class="field">
          <span>{words.priority}</span>
          <select name="priority">
            {CASE_PRIORITIES.map((priority) => (
              <option key={priority} value={priority} selected={priority === (of?.priority ?? 'routine')}>
                {caseWords.priorities[priority]}
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          <span>{words.due}</span>
          <input name="due" type="date" defaultValue={of?.dueOn ?? ''} />
        </label>
      </div>
      <Assignee chosen={of?.assignee ?? null} />
      {(of === null || of.tags !== null) && (
        <TypedField title={words.tags}>
          <label class="field">
            <span>{words.tags}</span>
            <input name="tags" type="text" autocomplete="off" defaultValue={of?.tags?.join(', ') ?? ''} />
            <span class="small quiet">{words.tagsHint}</span>
          </label>
        </TypedField>
      )}
    </>
  );
}

type Person = Assignees['accounts'][number];

function Assignee({ chosen }: { readonly chosen: Person | null }) {
  return (
    <label class="field">
      <span>{words.assignee}</span>
      <select name="assignee">
        <AssigneeOptions chosen={chosen} />
      </select>
    </label>
  );
}

/** Until the list is there, and where it cannot be had, the one who has the case keeps it. */
export function AssigneeOptions({ chosen }: { readonly chosen: Person | null }) {
  const api = useApi();
  const [people, setPeople] = useState<readonly Person[]>(chosen === null ? [] : [chosen]);
  useEffect(() => {
    const gone = new AbortController();
    api.json('/case-assignees', assigneesSchema, { signal: gone.signal }).then(
      ({ accounts }) => setPeople(accounts),
      () => undefined,
    );
    return () => gone.abort();
  }, [api]);
  return (
    <>
      <option value="">{caseWords.page.nobody}</option>
      {people.map(({ id, username }) => (
        <option key={id} value={id} selected={id === chosen?.id}>
          {username}
        </option>
      ))}
    </>
  );
}
