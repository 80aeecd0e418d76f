/**
 * The rules of all kinds in their order: they can be moved, switched on and off, changed, removed, and tried before a
 * study arrives.
 */
import { useSignal } from '@preact/signals';
import { attributesOf } from '#shared/protocol/coercion.ts';
import { CONDITIONS, RULE_KINDS, type Rule, type RuleKind } from '#shared/protocol/rule.ts';
import { AskFirst } from '../kit/AskFirst.tsx';
import { kitWords } from '../kit/kit-words.ts';
import { MoveButton } from '../kit/MoveButton.tsx';
import type { Known as KnownAnswer } from '../kit/resource.ts';
import { WhenKnown } from '../kit/WhenKnown.tsx';
import { usePageStore } from '../net/use-page-store.ts';
import { adminWords } from './admin-words.ts';
import { AdminPage } from './AdminPage.tsx';
import { caseRuleWords } from './case-rule-words.ts';
import { DryRunForm } from './DryRunForm.tsx';
import { toTypedValues, valueWithoutName } from './rule-form.ts';
import { RuleSheet } from './RuleSheet.tsx';
import { rulesWords as words } from './rules-words.ts';
import { createRulesStore, type Known, type RulesStore } from './rules.store.ts';
import './rules.css';

export function RulesView() {
  const store = usePageStore(createRulesStore);
  return (
    <AdminPage at="rules" intro={words.intro} of={store.lists} trouble={store.trouble}>
      {(lists, answer) => (
        <WhenKnown of={store.known} loading={adminWords.loading}>
          {(known) => (
            <>
              {RULE_KINDS.map((kind) => (
                <KindOfRules
                  {...{ kind, answer, known, store }}
                  key={kind}
                  rules={lists[kind].rules}
                  isExamined={lists.inference.rules.some(({ enabled }) => enabled)}
                />
              ))}
              <DryRunForm store={store} known={known} />
            </>
          )}
        </WhenKnown>
      )}
    </AdminPage>
  );
}

type KindProps = {
  readonly kind: RuleKind;
  readonly answer: KnownAnswer;
  readonly rules: readonly Rule[];
  readonly known: Known;
  readonly isExamined: boolean;
  readonly store: RulesStore;
};

function KindOfRules({ kind, answer, rules, known, isExamined, store }: KindProps) {
  /** The index of the rule in the form; for a new rule, the end of the list. Null: the form is closed. */
  const editing = useSignal<number | null>(null);
  const { title, what, none } = words.kinds[kind];
  const at = editing.value;
  return (
    <section class="stack" aria-label={title}>
      <div>
        <h2>{title}</h2>
        <p class="quiet">{what}</p>
      </div>
      {rules.length === 0 && <p>{none(answer)}</p>}
      <ol class="plain">
        {rules.map((rule, place) => (
          <li key={rule.name} class="hairline">
            <OneRule
              rule={rule}
              known={known}
              isFirstTaken={kind === 'forwarding'}
              place={place}
              count={rules.length}
              onSet={(all) => void store.change(kind, all(rules))}
              onChange={() => (editing.value = place)}
            />
          </li>
        ))}
      </ol>
      <p>
        <button
          type="button"
          class="button"
          aria-haspopup="dialog"
          aria-label={words.addOf[kind]}
          onClick={() => (editing.value = rules.length)}
        >
          {words.add}
        </button>
      </p>
      {at !== null && (
        <RuleSheet
          kind={kind}
          rule={rules[at] ?? null}
          others={rules.filter((_, place) => place !== at).map(({ name }) => name)}
          known={known}
          isExamined={isExamined}
          onSave={(rule) => store.save(kind, rules[at] ? rules.with(at, rule) : [...rules, rule])}
          onClose={() => (editing.value = null)}
        />
      )}
    </section>
  );
}

type OneProps = {
  readonly rule: Rule;
  readonly known: Known;
  /** The order matters: the first rule that matches takes a study. */
  readonly isFirstTaken: boolean;
  readonly place: number;
  readonly count: number;
  /** Applies a change to the list. */
  readonly onSet: (change: (rules: readonly Rule[]) => readonly Rule[]) => void;
  readonly onChange: () => void;
};

/** Returns the list with one rule moved. */
const moved =
  (from: number, to: number) =>
  (rules: readonly Rule[]): readonly Rule[] =>
    rules.toSpliced(from, 1).toSpliced(to, 0, rules[from]!);

function OneRule({ rule, known, isFirstTaken, place, count, onSet, onChange }: OneProps) {
  const { name, enabled } = rule;
  return (
    <article class="rule" aria-label={name}>
      <div class="rule-what" data-off={!enabled}>
        {isFirstTaken && count > 1 && <p class="small quiet numbers">{words.order(place + 1, count)}</p>}
        <h3 class="kept">
          <bdi>{name}</bdi>
        </h3>
        <p>{conditionsOf(rule)}</p>
        <p class="strong">{actionOf(rule, known)}</p>
        <UnknownNames rule={rule} known={known} />
      </div>
      <label class="choice">
        <input
          type="checkbox"
          class="tick"
          aria-label={words.of(words.on, name)}
          checked={enabled}
          onChange={({ currentTarget: { checked } }) =>
            onSet((rules) => rules.with(place, { ...rule, enabled: checked }))
          }
        />
        <span>{words.on}</span>
      </label>
      <div class="row">
        <MoveButton
          label={words.of(words.up, name)}
          to="up"
          isPossible={place > 0}
          onMove={() => onSet(moved(place, place - 1))}
        />
        <MoveButton
          label={words.of(words.down, name)}
          to="down"
          isPossible={place < count - 1}
          onMove={() => onSet(moved(place, place + 1))}
        />
        <button
          type="button"
          class="button"
          aria-haspopup="dialog"
          aria-label={words.of(words.change, name)}
          onClick={onChange}
        >
          {words.change}
        </button>
        <AskFirst
          label={words.remove}
          of={words.of(words.remove, name)}
          ask={words.askRemove(name)}
          onYes={() => onSet((rules) => rules.toSpliced(place, 1))}
        />
      </div>
    </article>
  );
}

/** Names in the rule's conditions that this site does not have. */
function UnknownNames({ rule, known }: Pick<OneProps, 'rule' | 'known'>) {
  const typed = toTypedValues(rule.when);
  return CONDITIONS.map((condition) => {
    const unknown = valueWithoutName(condition, typed[condition], known.values);
    if (unknown === null) return null;
    return (
      <p key={condition} class="rule-unknown">
        {words.form.noSuch(condition, unknown)}
      </p>
    );
  });
}

function conditionsOf({ when, ...rule }: Rule): string {
  const said = CONDITIONS.flatMap((condition) => {
    const values = when[condition];
    return values === undefined ? [] : [words.conditionOf(condition, values)];
  });
  const isOfFilms = 'models' in rule && when.modality === undefined;
  if (isOfFilms) said.push(words.everyFilm);
  return said.length === 0 ? words.everyStudy : said.join(kitWords.separator);
}

function actionOf(rule: Rule, { destinations, models }: Known): string {
  if ('models' in rule)
    return rule.models.map((id) => models.find((one) => one.id === id)?.title ?? id).join(kitWords.separator);
  if ('occasion' in rule) return caseRuleWords.opens(rule.occasion, rule.title, rule.casePriority);
  if (rule.to.length === 0) return words.primaryAlone;
  const nameOf = (id: string): string =>
    destinations.find((one) => one.id === id)?.name ?? words.goneDestination;
  return rule.to
    .map(({ destination, need, coerce }) =>
      words.goesTo(nameOf(destination), need, coerce === undefined ? [] : attributesOf(coerce)),
    )
    .join(kitWords.separator);
}
