/** The sheets for opening a case and for changing one. */
import { useEffect, useState } from 'preact/hooks';
import {
  assigneesSchema,
  CASE_PRIORITIES,
  caseSchema,
  type Assignees,
  type Case,
  type CaseChange,
  type CasePriority,
} from '#shared/protocol/cases.ts';
import { troubleOf } from '../../net/trouble-of.ts';
import { SelectField, TextField } from '../../kit/fields.tsx';
import { FormSheet } from '../../kit/FormSheet.tsx';
import { mistakeOf } from '../../kit/trouble.ts';
import { leadFromHere } from '../../kit/lead-from-here.ts';
import { hrefOf } from '../../kit/routes.ts';
import { TypedField } from '../../kit/TypedField.tsx';
import { useForm, useStoreForm } from '../../kit/use-form.ts';
import { useApi } from '../../net/net-context.ts';
import { caseWords } from './case-words.ts';
import { KnownCases } from './KnownCases.tsx';
import { PatientOfStudy } from './PatientOf.tsx';
import './cases.css';

const words = caseWords.form;

export type NewCaseSheetProps = {
  /** Null: the person enters an accession number or a Patient ID. */
  readonly studyInstanceUID: string | null;
  readonly onClose: () => void;
};

export function NewCaseSheet({ studyInstanceUID, onClose }: NewCaseSheetProps) {
  const api = useApi();
  const form = useForm<CaseField>(troubleOf);
  const create = (data: FormData) =>
    form.submit(async () => {
      const { kind, number, fields } = readForm(data);
      const isNumbered = studyInstanceUID === null;
      if (fields.title === '' || (isNumbered && number === ''))
        return {
          ...mistakeOf(isNumbered ? words.incompleteNumber : words.incomplete),
          field: fields.title === '' ? 'title' : 'number',
        };
      const about = isNumbered
        ? { expected: { [kind === 'patient-id' ? 'patientId' : 'accessionNumber']: number } }
        : { studies: [studyInstanceUID] };
      const lead = leadFromHere();
      const body = { ...fields, ...about };
      const { id } = await api.json('/cases', caseSchema, { method: 'POST', body });
      onClose();
      lead(hrefOf({ page: 'cases', id, query: '' }));
    });
  return (
    <FormSheet title={words.newTitle} form={form} words={words} onSubmit={create} onClose={onClose}>
      {studyInstanceUID !== null && (
        <>
          <PatientOfStudy studyInstanceUID={studyInstanceUID} />
          <KnownCases studies={[studyInstanceUID]} title={caseWords.form.known} onClose={onClose} />
        </>
      )}
      <Title value="" />
      {studyInstanceUID === null && <NumberOfStudy />}
      <Fields of={null} />
    </FormSheet>
  );
}

/** The fields that change. The version is that of the case shown. */
export type Change = Omit<CaseChange, 'version'>;

type EditCaseSheetProps = {
  readonly of: Case;
  readonly store: Parameters<typeof useStoreForm<CaseField>>[0] & {
    readonly change: (change: Change) => Promise<boolean>;
  };
  readonly onClose: () => void;
};

/** While titles are hidden, title and tags are not changed either. */
export function EditCaseSheet({ of, store, onClose }: EditCaseSheetProps) {
  const form = useStoreForm<CaseField>(store);
  const save = (data: FormData) =>
    form.submit(async () => {
      const { title, tags, ...fields } = readForm(data).fields;
      if (of.title !== null && title === '') return { ...mistakeOf(words.incomplete), field: 'title' };
      const status = data.get('status') === 'on-hold' ? 'on-hold' : 'open';
      const change: Change = { ...fields, status, ...(of.title !== null && { title, tags }) };
      if (await store.change(change)) onClose();
    });
  return (
    <FormSheet title={words.editTitle} form={form} onSubmit={save} onClose={onClose}>
      {of.title !== null && <Title value={of.title} />}
      <SelectField
        label={words.status}
        name="status"
        initial={of.status}
        options={(['open', 'on-hold'] as const).map(
          (status) => [status, caseWords.statuses[status]] as const,
        )}
      />
      <Fields of={of} />
    </FormSheet>
  );
}

/** The required fields. */
type CaseField = 'title' | 'number';

function readForm(data: FormData) {
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

const Title = ({ value }: { readonly value: string }) => (
  <TypedField title={words.title}>
    <TextField
      label={words.title}
      name="title"
      what={words.titleHint}
      isProse
      longest={200}
      initial={value}
    />
  </TypedField>
);

const NumberOfStudy = () => (
  <>
    <SelectField label={words.about} name="kind" options={words.aboutKinds} />
    <TypedField title={words.number}>
      <TextField label={words.number} name="number" what={words.numberHint} longest={64} />
    </TypedField>
  </>
);

/** `of` null: a new case. */
function Fields({ of }: { readonly of: Case | null }) {
  return (
    <>
      <div class="case-pair">
        <SelectField
          label={words.priority}
          name="priority"
          initial={of?.priority ?? 'routine'}
          options={caseWords.priorities}
        />
        <TextField label={words.due} name="due" type="date" initial={of?.dueOn ?? ''} />
      </div>
      <Assignee chosen={of?.assignee ?? null} />
      {(of === null || of.tags !== null) && (
        <TypedField title={words.tags}>
          <TextField
            label={words.tags}
            name="tags"
            what={words.tagsHint}
            initial={of?.tags?.join(', ') ?? ''}
          />
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

/**
 * The options for the assignee. Until the list is loaded, and if it cannot be loaded, only the current assignee is
 * offered.
 */
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
