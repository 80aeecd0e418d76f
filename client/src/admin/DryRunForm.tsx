/**
 * A study is picked or described, and the page says which rule takes it, and why the others do not. One that is picked
 * is shown with its values and judged by them alone: only those that the gateway does not keep can be typed.
 */
import { type Signal, useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import { modalitiesOf } from '#shared/dicom/modalities-of.ts';
import { CONDITIONS, RULE_KINDS, type Condition, type DryRun, type RuleKind } from '#shared/protocol/rule.ts';
import { mistakeOf, type Trouble } from '../kit/trouble.ts';
import { troubleOf } from '../net/trouble-of.ts';
import { formatMoment } from '../kit/format.ts';
import { Icon } from '../kit/Icon.tsx';
import { kitWords } from '../kit/kit-words.ts';
import { TroubleAlert } from '../kit/TroubleAlert.tsx';
import { caseRuleWords } from './case-rule-words.ts';
import { SelectField } from '../kit/fields.tsx';
import { RuleFields } from './RuleFields.tsx';
import { readValues, toTypedValues } from './rule-form.ts';
import { rulesWords } from './rules-words.ts';
import type { Known, RulesStore } from './rules.store.ts';

const words = rulesWords.dryRun;

type Props = { readonly store: RulesStore; readonly known: Pick<Known, 'studies' | 'values'> };
/** With the rules that it is about: after a change it is shown no longer. */
type Said = { readonly rules: RulesStore['lists']['value']['value']; readonly said: DryRun };
type Wrong = Trouble & { readonly field: Condition | null };

const UNKEPT: readonly Condition[] = ['bodyPart', 'description'];

/** The fields, the answer, and the way to ask for it. */
function useDryRun(store: RulesStore) {
  const form = {
    kind: useSignal<RuleKind>('forwarding'),
    study: useSignal(''),
    /** Attributes of the chosen study, once they are known. */
    has: useSignal<DryRun['attributes'] | null>(null),
    values: useSignal(toTypedValues({})),
    wrong: useSignal<Wrong | null>(null),
    result: useSignal<Said | null>(null),
    busy: useSignal(false),
  };
  const { kind, study, has, values, wrong, result, busy } = form;
  const choose = async (studyInstanceUID: string): Promise<void> => {
    study.value = studyInstanceUID;
    has.value = wrong.value = result.value = null;
    values.value = toTypedValues({});
    if (studyInstanceUID === '') return;
    const isStill = (): boolean => study.peek() === studyInstanceUID;
    try {
      const { attributes } = await store.dryRun(kind.value, { studyInstanceUID });
      if (isStill()) has.value = attributes;
    } catch (error) {
      if (isStill()) wrong.value = { ...troubleOf(error), field: null };
    }
  };
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    result.value = null;
    const read = readValues(values.value);
    wrong.value =
      read.kind === 'mistake'
        ? { ...mistakeOf(rulesWords.form.mistakes.values(read.field)), field: read.field }
        : null;
    if (read.kind === 'mistake') return;
    busy.value = true;
    const of = study.value === '' ? {} : { studyInstanceUID: study.value };
    try {
      const rules = store.lists.value.value;
      result.value = { rules, said: await store.dryRun(kind.value, { ...of, attributes: read.when }) };
    } catch (error) {
      wrong.value = { ...troubleOf(error), field: null };
    } finally {
      busy.value = false;
    }
  };
  return { ...form, choose, submit };
}

export function DryRunForm({ store, known: { studies, values: known } }: Props) {
  const { kind, study, has, values, wrong, result, busy, choose, submit } = useDryRun(store);
  const message = useId();
  const isChosen = study.value !== '';
  return (
    <section aria-label={words.title}>
      <form class="stack admin-form" onSubmit={(event) => void submit(event)} noValidate>
        <div>
          <h2>{words.title}</h2>
          <p class="quiet">{words.what}</p>
        </div>
        <Choices kind={kind} study={study.value} studies={studies} onStudy={(uid) => void choose(uid)} />
        <fieldset class="stack">
          <legend class="strong">{words.attributes}</legend>
          {isChosen && <Values has={has.value} />}
          <RuleFields
            kind={kind.value}
            conditions={isChosen ? UNKEPT : CONDITIONS}
            values={values.value}
            known={known}
            onChange={(next) => (values.value = next)}
            wrong={wrong.value?.field ?? null}
            message={message}
          />
        </fieldset>
        <TroubleAlert trouble={wrong.value} id={message} />
        <div>
          <button type="submit" class="button button-main" disabled={busy.value}>
            {busy.value ? words.trying : words.submit}
          </button>
        </div>
        <div role="status">
          {result.value?.rules === store.lists.value.value && result.value && (
            <Result result={result.value.said} />
          )}
        </div>
      </form>
    </section>
  );
}

function Values({ has }: { readonly has: DryRun['attributes'] | null }) {
  return (
    <>
      <div role="status">
        {has !== null && (
          <ul class="plain rule-values">
            {CONDITIONS.filter((one) => !UNKEPT.includes(one)).map((condition) => (
              <li key={condition}>{words.value(condition, has[condition])}</li>
            ))}
          </ul>
        )}
      </div>
      <p class="small quiet">{words.attributesWhat}</p>
    </>
  );
}

type ChoicesProps = {
  readonly kind: Signal<RuleKind>;
  readonly study: string;
  readonly studies: Known['studies'];
  readonly onStudy: (studyInstanceUID: string) => void;
};

function Choices({ kind, study, studies, onStudy }: ChoicesProps) {
  const now = new Date();
  return (
    <>
      <SelectField
        label={words.which}
        value={kind.value}
        options={RULE_KINDS.map((value) => ({ value, text: rulesWords.kinds[value].title }))}
        onChange={(value) => (kind.value = RULE_KINDS.find((one) => one === value) ?? 'forwarding')}
      />
      <SelectField
        label={words.study}
        value={study}
        options={[
          { value: '', text: words.noStudy },
          ...studies.map((study) => ({ value: study.studyInstanceUID, text: nameOf(study, now) })),
        ]}
        onChange={onStudy}
      />
    </>
  );
}

/** Names a study as the list of studies does: what it is, when it was sent, and by whom. */
function nameOf({ sopClassUIDs, lastSentAt, uploads }: Known['studies'][number], now: Date): string {
  const senders = new Set(uploads.flatMap(({ sender }) => sender?.username ?? []));
  return [modalitiesOf(sopClassUIDs).join('/'), formatMoment(new Date(lastSentAt), now), ...senders]
    .filter(Boolean)
    .join(kitWords.separator);
}

function follows({ verdicts, forwarding, models, cases }: DryRun): string {
  if (forwarding !== null) return goesTo(verdicts, forwarding);
  return cases === null ? words.models(models ?? []) : caseRuleWords.tried(cases);
}

function Result({ result }: { readonly result: DryRun }) {
  const { verdicts } = result;
  return (
    <div class="stack">
      <p class="strong">{follows(result)}</p>
      {verdicts.length === 0 && <p>{words.noRules}</p>}
      <ol class="plain">
        {verdicts.map(({ name, takes, because }) => (
          <li key={name} class="rule-verdict" data-takes={takes}>
            <Icon name={takes ? 'pacs' : 'close'} size={20} />
            <p>
              <bdi class="strong kept">{name}</bdi>
              <br />
              {because === null ? words.takes : words.because(because)}
            </p>
          </li>
        ))}
      </ol>
    </div>
  );
}

function goesTo(verdicts: DryRun['verdicts'], { destinations }: NonNullable<DryRun['forwarding']>): string {
  const to = destinations.map(({ name, need, coerced }) => rulesWords.goesTo(name, need, coerced));
  const taker = verdicts.find(({ takes }) => takes);
  return taker === undefined ? words.own(to) : words.taken(taker.name, to);
}
