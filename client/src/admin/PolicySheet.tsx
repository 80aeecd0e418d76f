/** The form of a policy: a new one from a copy, or the next version of one; tried on a file before it is saved. */
import { useSignal } from '@preact/signals';
import { useMemo, useState } from 'preact/hooks';
import { SENDERS } from '#shared/protocol/policy.ts';
import { SelectField } from '../kit/fields.tsx';
import { FormSheet } from '../kit/FormSheet.tsx';
import { kitWords } from '../kit/kit-words.ts';
import { useForm, type Mistake } from '../kit/use-form.ts';
import { ApiProblem } from '../net/api-client.ts';
import { troubleOf } from '../net/trouble-of.ts';
import { policiesWords, type PolicyField } from './policies-words.ts';
import type { ListedPolicy, PoliciesStore } from './policies.store.ts';
import { readPolicy, toTypedPolicy, type TypedPolicy } from './policy-form.ts';
import { Keeping, Removing, Text, Ticks, type Part } from './PolicyFields.tsx';
import { PolicyPreview } from './PolicyPreview.tsx';

const { fields, form: words, ...other } = policiesWords;

type PolicySheetProps = {
  /** The name of the policy that is changed or copied. */
  readonly from: string;
  readonly isNew: boolean;
  readonly policies: readonly ListedPolicy[];
  /** Throws ApiProblem, Unreachable. */
  readonly onSave: PoliciesStore['save'];
  readonly onClose: () => void;
};

export function PolicySheet({ from, isNew, policies, onSave, onClose }: PolicySheetProps) {
  // The list is loaded again meanwhile; what is typed here replaces the version that stood here, and no later one.
  const [begun] = useState(() => policies.find(({ name }) => name === from)!);
  const typed = useSignal(useMemo(() => begin(begun, isNew), []));
  const form = useForm<PolicyField>(toRefusal);
  const save = () =>
    form.submit(async () => {
      const read = readPolicy(typed.value);
      if (read.kind === 'mistakes') {
        const [first, ...also] = read.mistakes;
        return { ...first!, also };
      }
      await onSave(read.policy, isNew ? null : begun.versions[0]!.version);
      onClose();
    });
  const removes = typed.value.deidentify === 'removed';
  return (
    <FormSheet
      title={isNew ? words.add : words.edit(begun.title)}
      isWide
      form={form}
      class="policy-form"
      onSubmit={save}
      onClose={onClose}
      after={<Preview typed={typed} />}
    >
      {isNew ? (
        <>
          <StartFrom typed={typed} from={from} policies={policies} />
          <Text typed={typed} name="name" longest={64} />
        </>
      ) : (
        <p class="policy-whole small quiet">{words.newVersion}</p>
      )}
      <Text typed={typed} name="title" longest={80} isProse />
      <Text typed={typed} name="description" longest={500} isProse />
      <SelectField
        label={fields.deidentify}
        value={typed.value.deidentify}
        options={other.deidentify}
        onChange={(deidentify) => (typed.value = { ...typed.value, deidentify })}
      />
      <Ticks typed={typed} name="roles" of={SENDERS.map((role) => [role, kitWords.roles[role]] as const)} />
      {removes ? <Removing typed={typed} /> : <Keeping typed={typed} />}
    </FormSheet>
  );
}

function begin({ policy }: ListedPolicy, isNew: boolean): TypedPolicy {
  const typed = toTypedPolicy(policy!);
  return isNew ? { ...typed, name: '', title: '' } : typed;
}

type StartFromProps = Part & Pick<PolicySheetProps, 'from' | 'policies'>;

/** Fills the form from another policy, but for the name and the title. */
function StartFrom({ typed, from, policies }: StartFromProps) {
  const known = policies.filter(({ policy }) => policy !== null);
  return (
    <SelectField
      label={words.from}
      initial={from}
      options={known.map(({ name, title }) => [name, title] as const)}
      onChange={(chosen) => {
        const { name, title } = typed.value;
        const copied = known.find((each) => each.name === chosen)!;
        typed.value = { ...begin(copied, true), name, title };
      }}
    />
  );
}

/** The gateway's words at the field that they are about; its detail never repeats what was typed. */
function toRefusal(error: unknown): Mistake<PolicyField> {
  const trouble = troubleOf(error);
  const detail = error instanceof ApiProblem ? error.detail : null;
  return { ...trouble, next: detail ?? trouble.next, field: fieldOf(trouble.code, detail ?? '') };
}

const NAMED = /^Invalid: (?:policy\.)?(?:rules\.)?([a-zA-Z]+)/;

function fieldOf(code: string | null, detail: string): PolicyField | null {
  if (code === 'policy-exists') return 'name';
  if (code === 'policy-not-possible') return detail.includes('attribute') ? 'attributes' : 'options';
  const named = code === 'invalid-request' ? NAMED.exec(detail)?.[1] : undefined;
  return named !== undefined && named in fields ? (named as PolicyField) : null;
}

/** What decides about a file does not depend on the policy's name, title and roles. */
function Preview({ typed }: Part) {
  const read = useMemo(
    () => readPolicy({ ...typed.value, name: 'tried', title: 'tried', description: '', roles: SENDERS }),
    [typed.value],
  );
  return (
    <section class="stack policy-trial" aria-label={other.preview.title}>
      <h3>{other.preview.title}</h3>
      <PolicyPreview policy={read.kind === 'policy' ? read.policy : null} />
    </section>
  );
}
