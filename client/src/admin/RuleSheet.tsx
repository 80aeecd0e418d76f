/** The form of one rule, of any kind. */
import { type Signal, useSignal } from '@preact/signals';
import { CONDITIONS, type Condition, type Rule, type RuleKind } from '#shared/protocol/rule.ts';
import { COERCED_ATTRIBUTES } from '#shared/protocol/coercion.ts';
import { SelectField, TextField, TickField } from '../kit/fields.tsx';
import { FormSheet } from '../kit/FormSheet.tsx';
import { Icon } from '../kit/Icon.tsx';
import { Confirm } from '../kit/Sheet.tsx';
import { mistakeOf } from '../kit/trouble.ts';
import { useForm } from '../kit/use-form.ts';
import { ApiProblem } from '../net/api-client.ts';
import { troubleOf } from '../net/trouble-of.ts';
import { CaseRuleFields } from './CaseRuleFields.tsx';
import { caseRuleWords } from './case-rule-words.ts';
import { RuleFields } from './RuleFields.tsx';
import { leftOutBy, NO_COERCION, readRule, toTyped, type RuleField, type TypedRule } from './rule-form.ts';
import { rulesWords } from './rules-words.ts';
import type { Known } from './rules.store.ts';

const words = rulesWords.form;

type RuleSheetProps = {
  readonly kind: RuleKind;
  /** Null: a new rule. */
  readonly rule: Rule | null;
  /** The names of the other rules of this kind. */
  readonly others: readonly string[];
  readonly known: Known;
  /** Whether any enabled rule lets a model examine studies. */
  readonly isExamined: boolean;
  /** Throws ApiProblem, Unreachable. */
  readonly onSave: (rule: Rule) => Promise<void>;
  readonly onClose: () => void;
};

export function RuleSheet({ kind, rule, others, known, isExamined, onSave, onClose }: RuleSheetProps) {
  const typed = useSignal(toTyped(rule, known.destinations));
  const asked = useSignal<{ readonly rule: Rule; readonly names: readonly string[] } | null>(null);
  const form = useForm<RuleField>((error) => {
    const trouble = troubleOf(error);
    const detail = error instanceof ApiProblem ? error.detail : null;
    return { ...trouble, next: detail ?? trouble.next };
  });
  const keep = async (read: Rule): Promise<void> => {
    await onSave(read);
    onClose();
  };
  const save = () =>
    form.submit(async () => {
      const read = readRule(kind, typed.value, others);
      if (read.kind === 'mistake') return { ...mistakeOf(mistakeIn(read.field)), field: read.field };
      const names = leftOutBy(read.rule, known.destinations);
      if (names.length > 0) asked.value = { rule: read.rule, names };
      else await keep(read.rule);
    });
  const keepAsked = () =>
    form.submit(async () => {
      await keep(asked.value!.rule);
    });
  return (
    <FormSheet
      title={rule === null ? words.add : words.change(rule.name)}
      form={form}
      class="rule-form"
      onSubmit={save}
      onClose={onClose}
      after={
        asked.value && (
          <Confirm
            about=""
            {...words.askLeaveOut(asked.value.names)}
            destructive
            onYes={() => void keepAsked()}
            onClose={() => (asked.value = null)}
          />
        )
      }
    >
      <OneText typed={typed} name="name" />
      <TickField
        label={rulesWords.on}
        name="enabled"
        isTicked={typed.value.enabled}
        onTick={(enabled) => (typed.value = { ...typed.value, enabled })}
      />
      <Conditions typed={typed} kind={kind} known={known} />
      <Consequence {...{ typed, kind, known, isExamined }} />
    </FormSheet>
  );
}

/** The fields for the effect of the rule. */
function Consequence({ isExamined, ...props }: ConditionsProps & Pick<RuleSheetProps, 'isExamined'>) {
  const { kind, known, typed } = props;
  if (kind === 'forwarding') return <Destinations typed={typed} known={known} />;
  if (kind === 'cases') return <CaseRuleFields {...{ typed, known, isExamined }} />;
  return (
    <>
      <Models typed={typed} known={known} />
      <OneText typed={typed} name="priority" />
    </>
  );
}

const isCondition = (field: RuleField | null | undefined): field is Condition =>
  CONDITIONS.some((condition) => condition === field);

const mistakeIn = (field: RuleField): string => {
  if (isCondition(field)) return words.mistakes.values(field);
  return field === 'title' || field === 'tags' ? caseRuleWords.mistakes[field] : words.mistakes[field];
};

type PartProps = { readonly typed: Signal<TypedRule> };

function OneText({ typed, name }: PartProps & { readonly name: 'name' | 'priority' }) {
  return (
    <TextField
      label={words[name]}
      name={name}
      value={typed.value[name]}
      onChange={(value) => (typed.value = { ...typed.value, [name]: value })}
      inputMode={name === 'priority' ? 'numeric' : 'text'}
    />
  );
}

type ConditionsProps = PartProps & { readonly kind: RuleKind; readonly known: Known };

function Conditions({ kind, known, typed }: ConditionsProps) {
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
      />
    </fieldset>
  );
}

type ActionProps = PartProps & { readonly known: Known };

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
          options={words.needs}
          onChange={(need) => choose(id, need)}
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

type CoercionProps = PartProps & { readonly id: string; readonly name: string };

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
          <TextField
            key={attribute}
            label={words.coerced[attribute]}
            value={own[attribute]}
            onChange={(value) => {
              const coercions = { ...typed.value.coercions, [id]: { ...own, [attribute]: value } };
              typed.value = { ...typed.value, coercions };
            }}
          />
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
