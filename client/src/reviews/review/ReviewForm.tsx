/**
 * The form of a review, drawn from the JSON Schema of its type. All controls are native, so each works by finger, mouse
 * and keyboard.
 */
import { useId, useState } from 'preact/hooks';
import {
  faultsOf,
  type Answers,
  type ReviewField,
  type ReviewForm as Form,
} from '#shared/protocol/review-forms.ts';
import { DECISIONS, type Decision } from '#shared/protocol/reviews.ts';
import { TypedField } from '../../kit/TypedField.tsx';
import type { Typed } from './review-draft.ts';
import type { Answered } from './own-reading.ts';
import { readFigure } from './read-figure.ts';
import { reviewWords } from '../parts/review-words.ts';

const words = reviewWords.form;
const REASON_LENGTH = 2000;

type ReviewFormProps = {
  readonly form: Form;
  /** Whether the reader is shown a finding of a model, which can then be accepted or corrected. */
  readonly hasFinding: boolean;
  /** The initial answers of the form; null: it starts empty. */
  readonly said: Typed | null;
  readonly isBusy: boolean;
  readonly onSave: (said: Answered) => void;
  /** Called when the form differs from what was saved. */
  readonly onTouch: (typed: Typed) => void;
};

const EMPTY: Typed = { decision: null, answers: {}, reason: '' };

export function ReviewForm({ form, hasFinding, said, isBusy, onSave, onTouch }: ReviewFormProps) {
  const [typed, setTyped] = useState<Typed>(said ?? EMPTY);
  const decision = typed.decision ?? (hasFinding ? null : 'accept');
  const [fault, setFault] = useState<Fault | null>(null);
  const isJudged = decision !== 'reject';
  const change = (some: Partial<Typed>) => {
    const changed = { ...typed, ...some };
    setTyped(changed);
    setFault(null);
    onTouch(changed);
  };
  const answer = (name: string, value: string | number | null) => {
    const { [name]: _, ...others } = typed.answers;
    change({ answers: value === null ? others : { ...others, [name]: value } });
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (decision === null) return setFault({ lines: [words.missing([words.decision])], fields: [] });
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
            isWrong={fault?.fields.includes(name)}
            onAnswer={(value) => answer(name, value)}
          />
        ))}
      {(needsReason(decision) || typed.reason !== '') && (
        <Reason text={typed.reason} onType={(reason) => change({ reason })} />
      )}
      <div role="alert">
        {fault?.lines.map((line) => (
          <p key={line} class="small review-fault">
            {line}
          </p>
        ))}
      </div>
      <div>
        <button type="submit" class="button button-main" aria-disabled={isBusy}>
          {isBusy ? words.saving : words.save}
        </button>
      </div>
    </form>
  );
}

type ReasonProps = { readonly text: string; readonly onType: (text: string) => void };

const Reason = ({ text, onType }: ReasonProps) => (
  <Prose title={words.reason} rows={2} longest={REASON_LENGTH} text={text} onType={onType} />
);

type ProseProps = ReasonProps & {
  readonly title: string;
  readonly rows: number;
  readonly longest: number;
  readonly isWrong?: boolean | undefined;
};

/** A text that is too long is not cut, because nobody would notice. */
function Prose({ title, rows, longest, text, onType, isWrong }: ProseProps) {
  const hint = useId();
  const count = lengthOf(text);
  return (
    <TypedField title={title}>
      <div class="stack-tight">
        <label class="field">
          <span>{title}</span>
          <textarea
            rows={rows}
            value={text}
            aria-describedby={hint}
            aria-invalid={isWrong === true || count > longest}
            onInput={(event) => onType(event.currentTarget.value)}
          />
        </label>
        <span id={hint} class="small quiet numbers">
          {count > longest * NEARLY ? words.characters(count, longest) : words.longest(longest)}
        </span>
      </div>
    </TypedField>
  );
}

/** The share of the limit from which on the typed characters are counted. */
const NEARLY = 0.8;
/** The length as the gateway counts it. */
const lengthOf = (text: string): number => [...text].length;

const decisionsOf = (hasFinding: boolean) =>
  DECISIONS.filter((one) => hasFinding || one !== 'correct').map((one) => ({
    value: one,
    title: one === 'accept' && !hasFinding ? words.judged : words.decisions[one],
  }));

const needsReason = (decision: Decision | null): boolean => decision === 'correct' || decision === 'reject';

type Fault = { readonly lines: readonly string[]; readonly fields: readonly string[] };

function faultOf(form: Form, { decision, answers, reason }: Answered): Fault | null {
  if (needsReason(decision) && reason === '') return { lines: [words.reasonMissing], fields: [] };
  if (reason.length > REASON_LENGTH)
    return { lines: [words.wrong(words.reason, words.characters(reason.length, REASON_LENGTH))], fields: [] };
  const faults = decision === 'reject' ? [] : faultsOf(form, answers);
  const fields = faults.filter((name) => Object.hasOwn(form.properties, name));
  if (fields.length === 0) return null;
  const missing = fields.filter((name) => !Object.hasOwn(answers, name));
  const wrong = fields.filter((name) => Object.hasOwn(answers, name));
  const titles = missing.map((name) => form.properties[name]!.title);
  return {
    lines: [
      ...(titles.length > 0 ? [words.missing(titles)] : []),
      ...wrong.map((name) => wrongIn(form.properties[name]!, answers[name]!)),
    ],
    fields,
  };
}

function wrongIn(field: ReviewField, answer: Answers[string]): string {
  if (field['x-field'] === 'text')
    return words.wrong(field.title, words.characters(lengthOf(`${answer}`), field.maxLength));
  return field['x-field'] === 'radio' ? field.title : words.wrong(field.title, rangeOf(field));
}

function rangeOf(field: Extract<ReviewField, { readonly minimum: number }>): string {
  const unit = field['x-field'] === 'measurement' ? ` ${field['x-unit']}` : '';
  return `${words.range(field.minimum, field.maximum)}${unit}`;
}

type QuestionProps = {
  readonly field: ReviewField;
  readonly isRequired: boolean;
  readonly answer: Answers[string] | undefined;
  readonly onAnswer: (value: string | number | null) => void;
  readonly isWrong?: boolean | undefined;
};

export function Question({ field, isRequired, answer, onAnswer, isWrong }: QuestionProps) {
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
      return <Figure {...{ title, field, answer, onAnswer, isWrong }} />;
    case 'text':
      return (
        <Prose
          title={title}
          rows={3}
          longest={field.maxLength}
          text={`${answer ?? ''}`}
          isWrong={isWrong}
          onType={(value) => onAnswer(value.trim() === '' ? null : value)}
        />
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
  readonly onAnswer: (value: string | number | null) => void;
  readonly isWrong: boolean | undefined;
};

/**
 * A text field, because browsers empty a number field while "7." is typed, or read 7. Writing that back would put the
 * next digit before the number. A text that is no number stays as the answer, so that saving reports it.
 */
function Figure({ title, field, answer, onAnswer, isWrong }: FigureProps) {
  const hint = useId();
  const [text, setText] = useState('');
  return (
    <div class="field">
      <label>
        <span>{title}</span>
        <input
          inputMode="decimal"
          autocomplete="off"
          value={readFigure(text) === (answer ?? null) ? text : `${answer ?? ''}`}
          aria-describedby={hint}
          aria-invalid={isWrong === true}
          onInput={({ currentTarget: { value } }) => {
            setText(value);
            onAnswer(readFigure(value));
          }}
          onBlur={() => setText('')}
        />
      </label>
      <span id={hint} class="small quiet numbers">
        {rangeOf(field)}
      </span>
    </div>
  );
}
