/** The form of one rule, of any kind. */
import { type Signal, useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import { CONDITIONS, type Condition, type Rule, type RuleKind } from '#shared/protocol/rule.ts';
import { COERCED_ATTRIBUTES } from '#shared/protocol/coercion.ts';
import { FormActions } from '../kit/FormActions.tsx';
import { Icon } from '../kit/Icon.tsx';
import { Confirm, Sheet } from '../kit/Sheet.tsx';
import { TroubleAlert } from '../kit/TroubleAlert.tsx';
import { useSubmit } from '../kit/use-submit.ts';
import { ApiProblem } from '../net/api-client.ts';
import { troubleOf, type Trouble } from './admin-trouble.ts';
import { CaseRuleFields } from './CaseRuleFields.tsx';
import { caseRuleWords } from './case-rule-words.ts';
import { RuleFields, SelectField } from './RuleFields.tsx';
import { leftOutBy, NO_COERCION, readRule, toTyped, type RuleField, type TypedRule } from './rule-form.ts';
import { rulesWords } from './rules-words.ts';
import type { Known } from './rules.store.ts';

const words = rulesWords.form;

export type RuleSheetProps = {
  readonly kind: RuleKind;
  /** Null: a new one. */
  readonly rule: Rule | null;
  /** The names of the other rules of the kind. */
  readonly others: readonly string[];
  readonly known: Known;
  /** A rule that is on lets a model look at studies. */
  readonly isExamined: boolean;
  /** Throws ApiProblem, Unreachable. */
  readonly onSave: (rule: Rule) => Promise<void>;
  readonly onClose: () => void;
};

type Mistake = Trouble & { readonly field: RuleField | null };

export function RuleSheet({ kind, rule, others, known, isExamined, onSave, onClose }: RuleSheetProps) {
  const typed = useSignal(toTyped(rule, known.destinations));
  const asked = useSignal<{ readonly rule: Rule; readonly names: readonly string[] } | null>(null);
  const mistake = useSignal<Mistake | null>(null);
  const message = useId();
  const submitting = useSubmit((error) => {
    const trouble = troubleOf(error);
    const detail = error instanceof ApiProblem ? error.detail : null;
    mistake.value = { ...trouble, next: detail ?? trouble.next, field: null };
  });
  const keep = (read: Rule): Promise<void> =>
    submitting.run(async () => {
      await onSave(read);
      onClose();
    });
  const keeping = (read: Rule) => (): void => void keep(read);
  const save = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const read = readRule(kind, typed.value, others);
    if (read.kind === 'mistake') {
      mistake.value = { title: mistakeIn(read.field), next: null, code: null, field: read.field };
      return;
    }
    mistake.value = null;
    const names = leftOutBy(read.rule, known.destinations);
    if (names.length > 0) asked.value = { rule: read.rule, names };
    else await keep(read.rule);
  };
  return (
    <Sheet title={rule === null ? words.add : words.change(rule.name)} onClose={onClose}>
      <form class="stack sheet-part rule-form" onSubmit={(event) => void save(event)} noValidate>
        <TextField typed={typed} mistake={mistake} name="name" message={message} />
        <Switch typed={typed} />
        <Conditions kind={kind} known={known} typed={typed} mistake={mistake} message={message} />
        <Consequence {...{ kind, known, isExamined, typed, mistake, message }} />
        <TroubleAlert trouble={mistake.value} id={message} />
        <FormActions
          submit={words.save}
          submitting={words.saving}
          isBusy={submitting.isBusy.value}
          onCancel={onClose}
        />
      </form>
      {asked.value && (
        <Confirm
          about=""
          {...words.askLeaveOut(asked.value.names)}
          destructive
          onYes={keeping(asked.value.rule)}
          onClose={() => (asked.value = null)}
        />
      )}
    </Sheet>
  );
}

/** The fields for what follows from the rule. */
function Consequence({ isExamined, ...props }: ConditionsProps & Pick<RuleSheetProps, 'isExamined'>) {
  const { kind, known, typed, mistake, message } = props;
  if (kind === 'forwarding') return <Destinations typed={typed} known={known} />;
  if (kind === 'cases')
    return <CaseRuleFields {...{ typed, known, isExamined, message }} wrong={mistake.value?.field ?? null} />;
  return (
    <>
      <Models typed={typed} known={known} />
      <TextField typed={typed} mistake={mistake} name="priority" message={message} />
    </>
  );
}

const isCondition = (field: RuleField | null | undefined): field is Condition =>
  CONDITIONS.some((condition) => condition === field);

const mistakeIn = (field: RuleField): string => {
  if (isCondition(field)) return words.mistakes.values(field);
  return field === 'title' || field === 'tags' ? caseRuleWords.mistakes[field] : words.mistakes[field];
};

type PartProps = {
  readonly typed: Signal<TypedRule>;
  readonly mistake: Signal<Mistake | null>;
  readonly message: string;
};

function TextField({ typed, mistake, name, message }: PartProps & { readonly name: 'name' | 'priority' }) {
  return (
    <label class="field">
      <span>{words[name]}</span>
      <input
        type="text"
        name={name}
        autocomplete="off"
        inputMode={name === 'priority' ? 'numeric' : 'text'}
        value={typed.value[name]}
        aria-invalid={mistake.value?.field === name}
        aria-describedby={message}
        onInput={({ currentTarget }) => {
          typed.value = { ...typed.value, [name]: currentTarget.value };
        }}
      />
    </label>
  );
}

/** Switched off, a rule is kept and decides nothing. */
function Switch({ typed }: Pick<PartProps, 'typed'>) {
  return (
    <label class="choice">
      <input
        type="checkbox"
        class="tick"
        name="enabled"
        checked={typed.value.enabled}
        onChange={({ currentTarget: { checked } }) => (typed.value = { ...typed.value, enabled: checked })}
      />
      <span>{rulesWords.on}</span>
    </label>
  );
}

type ConditionsProps = PartProps & { readonly kind: RuleKind; readonly known: Known };

function Conditions({ kind, known, typed, mistake, message }: ConditionsProps) {
  const field = mistake.value?.field;
  return (
    <fieldset class="stack">
      <legend class="strong">{words.when}</legend>
      <p class="small quiet">
        {words.whenWhat} {kind === 'inference' && words.filmsWhat}
      </p>
      <RuleFields
        kind={kind}
        conditions={CONDITIONS}
        values={typed.value.values}
        known={known.values}
        onChange={(values) => (typed.value = { ...typed.value, values })}
        wrong={isCondition(field) ? field : null}
        message={message}
      />
    </fieldset>
  );
}

type ActionProps = Pick<PartProps, 'typed'> & { readonly known: Known };

function Destinations({ typed, known }: ActionProps) {
  const others = known.destinations.filter(({ isPrimary }) => !isPrimary);
  const choose = (id: string, need: string): void => {
    const { [id]: _, ...rest } = typed.value.needs;
    const isChosen = need === 'also' || need === 'required';
    const needs: TypedRule['needs'] = isChosen ? { ...rest, [id]: need } : rest;
    typed.value = { ...typed.value, needs };
  };
  return (
    <fieldset class="stack">
      <legend class="strong">{words.to}</legend>
      {others.length === 0 && <p class="quiet">{words.noDestinations}</p>}
      {others.map(({ id, name }) => (
        <SelectField
          key={id}
          label={name}
          value={typed.value.needs[id] ?? 'none'}
          options={(['none', 'also', 'required'] as const).map((need) => ({
            value: need,
            text: words.needs[need],
          }))}
          onChoose={(need) => choose(id, need)}
        />
      ))}
      {others
        .filter(({ id }) => typed.value.needs[id] !== undefined)
        .map(({ id, name }) => (
          <Coercion key={id} id={id} name={name} typed={typed} />
        ))}
    </fieldset>
  );
}

type CoercionProps = Pick<PartProps, 'typed'> & { readonly id: string; readonly name: string };

function Coercion({ id, name, typed }: CoercionProps) {
  const own = typed.value.coercions[id] ?? NO_COERCION;
  return (
    <details class="disclosure">
      <summary>
        <span class="disclosure-mark">
          <Icon name="chevron" size={16} turns />
        </span>
        {words.coercion(name)}
      </summary>
      <div class="stack">
        <p class="small quiet">{words.coercionWhat}</p>
        {COERCED_ATTRIBUTES.map((attribute) => (
          <label key={attribute} class="field">
            <span>{words.coerced[attribute]}</span>
            <input
              type="text"
              name={attribute}
              autocomplete="off"
              spellcheck={false}
              value={own[attribute]}
              onInput={({ currentTarget: { value } }) => {
                const coercions = { ...typed.value.coercions, [id]: { ...own, [attribute]: value } };
                typed.value = { ...typed.value, coercions };
              }}
            />
          </label>
        ))}
      </div>
    </details>
  );
}

function Models({ typed, known }: ActionProps) {
  const { models } = typed.value;
  const choose = (id: string, isChosen: boolean): void => {
    const others = models.filter((one) => one !== id);
    typed.value = { ...typed.value, models: isChosen ? [...others, id] : others };
  };
  return (
    <fieldset>
      <legend class="strong">{words.models}</legend>
      {known.models.map(({ id, title }) => (
        <label key={id} class="choice">
          <input
            type="checkbox"
            class="tick"
            name="model"
            checked={models.includes(id)}
            onChange={({ currentTarget }) => choose(id, currentTarget.checked)}
          />
          <span>{title}</span>
        </label>
      ))}
    </fieldset>
  );
}
