/** The fields of one question of a review type, and the question as readers will see it. */
import { useState } from 'preact/hooks';
import { OPTIONS_LIMIT } from '#shared/protocol/review-forms.ts';
import { Icon } from '../../kit/Icon.tsx';
import { Question } from '../ReviewForm.tsx';
import {
  KINDS,
  NO_OPTION,
  ofKind,
  readField,
  UNITS,
  type Kind,
  type TypedQuestion,
  type Unit,
} from './type-form.ts';
import { typeWords } from './type-words.ts';

const words = typeWords.form;

type Props = {
  readonly question: TypedQuestion;
  readonly onChange: (some: Partial<TypedQuestion>) => void;
};

export function QuestionFields({ question, onChange }: Props) {
  return (
    <div class="stack">
      <TextField
        label={words.asked}
        value={question.title}
        longest={160}
        onType={(title) => onChange({ title })}
      />
      <TextField
        label={words.description}
        value={question.description}
        longest={400}
        onType={(description) => onChange({ description })}
      />
      <label class="field">
        <span>{words.kind}</span>
        <select
          value={question.kind}
          onChange={({ currentTarget }) => onChange(ofKind(question, currentTarget.value as Kind))}
        >
          {KINDS.map((kind) => (
            <option key={kind} value={kind} selected={kind === question.kind}>
              {words.kinds[kind]}
            </option>
          ))}
        </select>
      </label>
      {question.kind === 'radio' && <Options question={question} onChange={onChange} />}
      {question.kind === 'text' && (
        <NumberField
          label={words.maxLength}
          value={question.maxLength}
          onType={(maxLength) => onChange({ maxLength })}
        />
      )}
      {question.kind !== 'radio' && question.kind !== 'text' && (
        <Range question={question} onChange={onChange} />
      )}
      <label class="choice">
        <input
          type="checkbox"
          class="tick"
          checked={question.isRequired}
          onChange={({ currentTarget }) => onChange({ isRequired: currentTarget.checked })}
        />
        <span>{words.required}</span>
      </label>
      <Preview question={question} />
    </div>
  );
}

/** The preview of a question can be answered, and nothing is kept. */
function Preview({ question }: Pick<Props, 'question'>) {
  const [answer, setAnswer] = useState<string | number | null>(null);
  const field = readField(question);
  return (
    <fieldset class="stack-tight review-type-preview">
      <legend class="small quiet">{words.preview}</legend>
      {typeof field === 'string' ? (
        <p>{words.previewNone}</p>
      ) : (
        <Question
          field={field}
          isRequired={question.isRequired}
          answer={answer ?? undefined}
          onAnswer={setAnswer}
        />
      )}
    </fieldset>
  );
}

const MEANINGS = ['finding', 'none'] as const;

function Options({ question: { options }, onChange }: Props) {
  const set = (at: number, some: Partial<(typeof options)[number]>) =>
    onChange({ options: options.with(at, { ...options[at]!, ...some }) });
  return (
    <fieldset class="stack">
      <legend>{words.answers}</legend>
      {options.map((option, at) => (
        <div key={`${at}`} class="review-type-option">
          <TextField
            label={words.answer(at + 1)}
            value={option.title}
            longest={80}
            onType={(title) => set(at, { title })}
          />
          {MEANINGS.map((meaning) => (
            <label key={meaning} class="choice">
              <input
                type="checkbox"
                class="tick"
                aria-label={words.meansOf[meaning](at + 1)}
                checked={option.means === meaning}
                onChange={({ currentTarget }) => set(at, { means: currentTarget.checked ? meaning : null })}
              />
              <span>{words.means[meaning]}</span>
            </label>
          ))}
          {options.length > 2 && (
            <button
              type="button"
              class="button"
              aria-label={words.removeAnswer(at + 1)}
              onClick={() => onChange({ options: options.toSpliced(at, 1) })}
            >
              <Icon name="close" size={20} />
            </button>
          )}
        </div>
      ))}
      {options.length < OPTIONS_LIMIT && (
        <p>
          <button type="button" class="button" onClick={() => onChange({ options: [...options, NO_OPTION] })}>
            {words.addAnswer}
          </button>
        </p>
      )}
    </fieldset>
  );
}

function Range({ question, onChange }: Props) {
  const { kind, minimum, maximum, tolerance, unit, ends } = question;
  const [low, high] = ends;
  return (
    <div class="review-type-range">
      <NumberField label={words.minimum} value={minimum} onType={(typed) => onChange({ minimum: typed })} />
      <NumberField label={words.maximum} value={maximum} onType={(typed) => onChange({ maximum: typed })} />
      {kind === 'measurement' && (
        <label class="field">
          <span>{words.unit}</span>
          <select
            value={unit}
            onChange={({ currentTarget }) => onChange({ unit: currentTarget.value as Unit })}
          >
            {UNITS.map((one) => (
              <option key={one} value={one} selected={one === unit}>
                {words.units[one]}
              </option>
            ))}
          </select>
        </label>
      )}
      {kind === 'scale' && (
        <>
          <TextField
            label={words.low}
            value={low}
            longest={40}
            onType={(typed) => onChange({ ends: [typed, high] })}
          />
          <TextField
            label={words.high}
            value={high}
            longest={40}
            onType={(typed) => onChange({ ends: [low, typed] })}
          />
        </>
      )}
      <NumberField
        label={words.tolerance}
        value={tolerance}
        onType={(typed) => onChange({ tolerance: typed })}
      />
    </div>
  );
}

type FieldProps = {
  readonly label: string;
  readonly value: string;
  readonly onType: (typed: string) => void;
};

export function TextField({ label, value, longest, onType }: FieldProps & { readonly longest: number }) {
  return (
    <label class="field">
      <span>{label}</span>
      <input
        type="text"
        autocomplete="off"
        maxLength={longest}
        value={value}
        onInput={({ currentTarget }) => onType(currentTarget.value)}
      />
    </label>
  );
}

export function NumberField({ label, value, onType }: FieldProps) {
  return (
    <label class="field">
      <span>{label}</span>
      <input
        type="text"
        inputMode="decimal"
        autocomplete="off"
        value={value}
        onInput={({ currentTarget }) => onType(currentTarget.value)}
      />
    </label>
  );
}
