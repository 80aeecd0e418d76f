/** The fields of one question of a review type, and the question as readers will see it. */
import { useState } from 'preact/hooks';
import { OPTIONS_LIMIT } from '#shared/protocol/review-forms.ts';
import { SelectField, TextField, TickField, type TextFieldProps } from '../../kit/fields.tsx';
import { Icon } from '../../kit/Icon.tsx';
import { Question } from '../review/ReviewForm.tsx';
import { NO_OPTION, ofKind, readField, type TypedQuestion } from './type-form.ts';
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
        isProse
        value={question.title}
        longest={160}
        onChange={(title) => onChange({ title })}
      />
      <TextField
        label={words.description}
        isProse
        value={question.description}
        longest={400}
        onChange={(description) => onChange({ description })}
      />
      <SelectField
        label={words.kind}
        value={question.kind}
        options={words.kinds}
        onChange={(kind) => onChange(ofKind(question, kind))}
      />
      {question.kind === 'radio' && <Options question={question} onChange={onChange} />}
      {question.kind === 'text' && (
        <NumberField
          label={words.maxLength}
          value={question.maxLength}
          onChange={(maxLength) => onChange({ maxLength })}
        />
      )}
      {question.kind !== 'radio' && question.kind !== 'text' && (
        <Range question={question} onChange={onChange} />
      )}
      <TickField
        label={words.required}
        isTicked={question.isRequired}
        onTick={(isRequired) => onChange({ isRequired })}
      />
      <Preview question={question} />
    </div>
  );
}

/** The preview of a question. It can be answered, but the answer is not saved. */
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
            onChange={(title) => set(at, { title })}
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
      <NumberField label={words.minimum} value={minimum} onChange={(typed) => onChange({ minimum: typed })} />
      <NumberField label={words.maximum} value={maximum} onChange={(typed) => onChange({ maximum: typed })} />
      {kind === 'measurement' && (
        <SelectField
          label={words.unit}
          value={unit}
          options={words.units}
          onChange={(one) => onChange({ unit: one })}
        />
      )}
      {kind === 'scale' && (
        <>
          <TextField
            label={words.low}
            value={low}
            longest={40}
            onChange={(typed) => onChange({ ends: [typed, high] })}
          />
          <TextField
            label={words.high}
            value={high}
            longest={40}
            onChange={(typed) => onChange({ ends: [low, typed] })}
          />
        </>
      )}
      <NumberField
        label={words.tolerance}
        value={tolerance}
        onChange={(typed) => onChange({ tolerance: typed })}
      />
    </div>
  );
}

export const NumberField = (props: Pick<TextFieldProps, 'label' | 'value' | 'onChange'>) => (
  <TextField {...props} inputMode="decimal" />
);
