/**
 * The dry run: a study is picked or described, and the page says which rule takes it and why the others do not. A
 * picked study is shown with its values and judged by them; only values that the gateway does not keep can be typed.
 */
import { type Signal, useSignal } from '@preact/signals';
import { modalitiesOf } from '#shared/dicom/modalities-of.ts';
import { CONDITIONS, RULE_KINDS, type Condition, type DryRun, type RuleKind } from '#shared/protocol/rule.ts';
import { FormBody } from '../kit/FormSheet.tsx';
import { mistakeOf } from '../kit/trouble.ts';
import { useForm } from '../kit/use-form.ts';
import { troubleOf } from '../net/trouble-of.ts';
import { formatMoment } from '../kit/format.ts';
import { Icon } from '../kit/Icon.tsx';
import { kitWords } from '../kit/kit-words.ts';
import { caseRuleWords } from './case-rule-words.ts';
import { SelectField } from '../kit/fields.tsx';
import { RuleFields } from './RuleFields.tsx';
import { readValues, toTypedValues } from './rule-form.ts';
import { rulesWords } from './rules-words.ts';
import type { Known, RulesStore } from './rules.store.ts';

const words = rulesWords.dryRun;

type Props = { readonly store: RulesStore; readonly known: Pick<Known, 'studies' | 'values'> };
/** The answer, with the rules that it refers to. After a change of the rules it is no longer shown. */
type Said = { readonly rules: RulesStore['lists']['value']['value']; readonly said: DryRun };

const UNKEPT: readonly Condition[] = ['bodyPart', 'description'];

/** The fields, the answer, and the function that requests it. */
function useDryRun(store: RulesStore) {
  const form = useForm<Condition>(troubleOf);
  const typed = {
    kind: useSignal<RuleKind>('forwarding'),
    study: useSignal(''),
    /** Attributes of the picked study, once known. */
    has: useSignal<DryRun['attributes'] | null>(null),
    values: useSignal(toTypedValues({})),
    result: useSignal<Said | null>(null),
  };
  const { kind, study, has, values, result } = typed;
  const choose = (studyInstanceUID: string): Promise<void> => {
    study.value = studyInstanceUID;
    has.value = result.value = null;
    values.value = toTypedValues({});
    return form.submit(async () => {
      if (studyInstanceUID === '') return;
      const { attributes } = await store.dryRun(kind.value, { studyInstanceUID });
      if (study.peek() === studyInstanceUID) has.value = attributes;
    });
  };
  const tryIt = () =>
    form.submit(async () => {
      result.value = null;
      const read = readValues(values.value);
      if (read.kind === 'mistake')
        return { ...mistakeOf(rulesWords.form.mistakes.values(read.field)), field: read.field };
      const of = study.value === '' ? {} : { studyInstanceUID: study.value };
      const rules = store.lists.value.value;
      result.value = { rules, said: await store.dryRun(kind.value, { ...of, attributes: read.when }) };
    });
  return { ...typed, form, choose, tryIt };
}

export function DryRunForm({ store, known: { studies, values: known } }: Props) {
  const { kind, study, has, values, result, form, choose, tryIt } = useDryRun(store);
  const isChosen = study.value !== '';
  return (
    <section aria-label={words.title}>
      <FormBody
        form={form}
        class="stack admin-form"
        onSubmit={tryIt}
        actions={
          <>
            <div>
              <button type="submit" class="button button-main" disabled={form.isBusy.value}>
                {form.isBusy.value ? words.trying : words.submit}
              </button>
            </div>
            <div role="status">
              {result.value?.rules === store.lists.value.value && result.value && (
                <Result result={result.value.said} />
              )}
            </div>
          </>
        }
      >
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
          />
        </fieldset>
      </FormBody>
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
        options={RULE_KINDS.map((value) => [value, rulesWords.kinds[value].title] as const)}
        onChange={(value) => (kind.value = value)}
      />
      <SelectField
        label={words.study}
        value={study}
        options={[
          ['', words.noStudy],
          ...studies.map((study) => [study.studyInstanceUID, nameOf(study, now)] as const),
        ]}
        onChange={onStudy}
      />
    </>
  );
}

/** Names a study like the list of studies does: its kind, when it was sent, and by whom. */
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
