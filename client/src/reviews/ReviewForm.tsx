/**
 * The form of a review, drawn from the JSON Schema of its type. All controls are the browser's own: each works by
 * finger, mouse and keyboard.
 */
import { useId, useState } from 'preact/hooks';
import {
  faultsOf,
  type Answers,
  type ReviewField,
  type ReviewForm as Form,
} from '#shared/protocol/review-forms.ts';
import { DECISIONS, type Decision } from '#shared/protocol/reviews.ts';
import type { Answered } from './review.store.ts';
import { reviewWords } from './review-words.ts';

const words = reviewWords.form;
const REASON_LENGTH = 2000;

export type ReviewFormProps = {
  readonly form: Form;
  /** The reader is shown something that a model found: only then can it be accepted or corrected. */
  readonly hasFinding: boolean;
  readonly said: Answered | null;
  readonly isBusy: boolean;
  readonly onSave: (said: Answered) => void;
  /** Something differs from what was saved. */
  readonly onTouch: () => void;
};

/** Null: not decided yet. */
type Typed = Omit<Answered, 'decision'> & { readonly decision: Decision | null };

const EMPTY: Typed = { decision: null, answers: {}, reason: '' };

export function ReviewForm({ form, hasFinding, said, isBusy, onSave, onTouch }: ReviewFormProps) {
  const [typed, setTyped] = useState<Typed>(said ?? EMPTY);
  const decision = typed.decision ?? (hasFinding ? null : 'accept');
  const [fault, setFault] = useState<string | null>(null);
  const isJudged = decision !== 'reject';
  const change = (some: Partial<Typed>) => {
    setTyped({ ...typed, ...some });
    setFault(null);
    onTouch();
  };
  const answer = (name: string, value: string | number | null) => {
    const { [name]: _, ...others } = typed.answers;
    change({ answers: value === null ? others : { ...others, [name]: value } });
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (decision === null) return setFault(words.missing([words.decision]));
    const asked = { decision, reason: typed.reason.trim(), answers: isJudged ? typed.answers : {} };
    const wrong = faultOf(form, asked);
    setFault(wrong);
    if (wrong === null) onSave(asked);
  };
  return (
    <form class="stack review-form" onSubmit={submit} noValidate>
      <Choice
        title={words.decision}
        options={decisionsOf(hasFinding)}
        chosen={decision ?? undefined}
        onChoose={(one) => change({ decision: one })}
      />
      {isJudged &&
        Object.entries(form.properties).map(([name, field]) => (
          <Question
            key={name}
            field={field}
            isRequired={form.required.includes(name)}
            answer={typed.answers[name]}
            onAnswer={(value) => answer(name, value)}
          />
        ))}
      {(needsReason(decision) || typed.reason !== '') && (
        <label class="field">
          <span>{words.reason}</span>
          <textarea
            rows={2}
            maxLength={REASON_LENGTH}
            value={typed.reason}
            onInput={(event) => change({ reason: event.currentTarget.value })}
          />
        </label>
      )}
      <div role="alert">{fault && <p class="small review-fault">{fault}</p>}</div>
      <div>
        <button type="submit" class="button button-main" aria-disabled={isBusy}>
          {isBusy ? words.saving : words.save}
        </button>
      </div>
    </form>
  );
}

const decisionsOf = (hasFinding: boolean) =>
  DECISIONS.filter((one) => hasFinding || one !== 'correct').map((one) => ({
    value: one,
    title: one === 'accept' && !hasFinding ? words.judged : words.decisions[one],
  }));

const needsReason = (decision: Decision | null): boolean => decision === 'correct' || decision === 'reject';

function faultOf(form: Form, { decision, answers, reason }: Answered): string | null {
  if (needsReason(decision) && reason === '') return words.reasonMissing;
  const faults = decision === 'reject' ? [] : faultsOf(form, answers);
  const titles = faults.flatMap((name) => form.properties[name]?.title ?? []);
  return titles.length === 0 ? null : words.missing(titles);
}

export type QuestionProps = {
  readonly field: ReviewField;
  readonly isRequired: boolean;
  readonly answer: Answers[string] | undefined;
  readonly onAnswer: (value: string | number | null) => void;
};

export function Question({ field, isRequired, answer, onAnswer }: QuestionProps) {
  const title = isRequired ? field.title : `${field.title} (${words.optional})`;
  switch (field['x-field']) {
    case 'radio': {
      const options = field.oneOf.map((option) => ({ value: option.const, title: option.title }));
      return (
        <Choice
          title={title}
          about={field.description}
          options={options}
          chosen={answer}
          onChoose={onAnswer}
        />
      );
    }
    case 'scale': {
      const [low, high] = field['x-ends'] ?? ['', ''];
      const count = field.maximum - field.minimum + 1;
      const options = Array.from({ length: count }, (_, step) => {
        const end = step === 0 ? low : step === count - 1 ? high : '';
        const value = field.minimum + step;
        return { value, title: end === '' ? `${value}` : `${value} ${end}` };
      });
      return (
        <Choice
          title={title}
          about={field.description}
          options={options}
          chosen={answer}
          onChoose={onAnswer}
          isScale
        />
      );
    }
    case 'number':
    case 'measurement':
      return <Figure title={title} field={field} answer={answer} onAnswer={onAnswer} />;
    case 'text':
      return (
        <label class="field">
          <span>{title}</span>
          <textarea
            rows={3}
            maxLength={field.maxLength}
            value={answer ?? ''}
            onInput={({ currentTarget: { value } }) => onAnswer(value.trim() === '' ? null : value)}
          />
        </label>
      );
    default:
      return field satisfies never;
  }
}

type ChoiceProps<T extends string | number> = {
  readonly title: string;
  readonly about?: string | undefined;
  readonly options: readonly { readonly value: T; readonly title: string }[];
  readonly chosen: string | number | undefined;
  readonly onChoose: (value: T) => void;
  readonly isScale?: boolean;
};

function Choice<T extends string | number>({
  title,
  about,
  options,
  chosen,
  onChoose,
  isScale,
}: ChoiceProps<T>) {
  const name = useId();
  return (
    <fieldset class={isScale ? 'review-choice review-scale' : 'review-choice'}>
      <legend>{title}</legend>
      {about && <p class="small quiet">{about}</p>}
      {options.map((option) => (
        <label key={option.value} class="choice">
          <input
            type="radio"
            name={name}
            checked={option.value === chosen}
            onChange={() => onChoose(option.value)}
          />
          <span>{option.title}</span>
        </label>
      ))}
    </fieldset>
  );
}

type FigureProps = {
  readonly title: string;
  readonly field: Extract<ReviewField, { readonly minimum: number }>;
  readonly answer: Answers[string] | undefined;
  readonly onAnswer: (value: number | null) => void;
};

function Figure({ title, field, answer, onAnswer }: FigureProps) {
  const hint = useId();
  const unit = field['x-field'] === 'measurement' ? ` ${field['x-unit']}` : '';
  return (
    <div class="field">
      <label>
        <span>{title}</span>
        <input
          type="number"
          step="any"
          min={field.minimum}
          max={field.maximum}
          value={answer ?? ''}
          aria-describedby={hint}
          onInput={({ currentTarget: { valueAsNumber } }) =>
            onAnswer(Number.isFinite(valueAsNumber) ? valueAsNumber : null)
          }
        />
      </label>
      <span id={hint} class="small quiet numbers">
        {words.range(field.minimum, field.maximum)}
        {unit}
      </span>
    </div>
  );
}
