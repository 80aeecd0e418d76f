/** The form of one review type: who reads, and the questions. */
import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import { CASE_BODY_PARTS, CASE_MODALITIES } from '#shared/protocol/cases.ts';
import { FIELDS_LIMIT } from '#shared/protocol/review-forms.ts';
import type { ReviewDefinition } from '#shared/protocol/reviews.ts';
import { troubleOf } from '../../net/trouble-of.ts';
import { caseWords } from '../../cases/parts/case-words.ts';
import { SelectField, TextField, TickField } from '../../kit/fields.tsx';
import { FormSheet } from '../../kit/FormSheet.tsx';
import { MoveButton } from '../../kit/MoveButton.tsx';
import { mistakeOf } from '../../kit/trouble.ts';
import { useForm } from '../../kit/use-form.ts';
import { NumberField, QuestionFields } from './QuestionFields.tsx';
import {
  newQuestion,
  readType,
  toTyped,
  type TypedQuestion,
  type TypedType,
  type TypeMistake,
} from './type-form.ts';
import { typeWords } from './type-words.ts';

const words = typeWords.form;

type SheetProps = {
  /** Null: a new type. */
  readonly definition: ReviewDefinition | null;
  /** Throws ApiProblem, Unreachable. */
  readonly onSave: (definition: ReviewDefinition) => Promise<void>;
  readonly onClose: () => void;
};

export function TypeSheet({ definition, onSave, onClose }: SheetProps) {
  const typed = useSignal(toTyped(definition));
  const form = useForm(troubleOf);
  const { title, readers, assignment, hidesFinding, questions } = typed.value;
  const change = (some: Partial<typeof typed.value>) => {
    typed.value = { ...typed.value, ...some };
  };
  const save = () =>
    form.submit(async () => {
      const read = readType(typed.value);
      if (read.kind === 'mistake') return mistakeOf(said(read.mistake));
      await onSave(read.definition);
      onClose();
    });
  return (
    <FormSheet
      title={definition === null ? words.add : words.change(definition.title)}
      form={form}
      onSubmit={save}
      onClose={onClose}
    >
      <TextField label={words.title} value={title} longest={120} onChange={(one) => change({ title: one })} />
      <NumberField label={words.readers} value={readers} onChange={(one) => change({ readers: one })} />
      <SelectField
        label={words.assignment}
        value={assignment}
        options={typeWords.assignments}
        onChange={(one) => change({ assignment: one })}
      />
      <TickField
        label={words.hides}
        isTicked={hidesFinding}
        onTick={(isTicked) => change({ hidesFinding: isTicked })}
      />
      <Images typed={typed.value} onChange={change} />
      <h3>{words.questions}</h3>
      <Questions questions={questions} onSet={(all) => change({ questions: all })} />
    </FormSheet>
  );
}

const said = ({ fault, place }: TypeMistake): string =>
  place === null ? words.mistakes[fault] : words.mistakeIn(place + 1, words.mistakes[fault]);

type ImagesProps = {
  readonly typed: TypedType;
  readonly onChange: (some: Partial<TypedType>) => void;
};

/** The kinds of images that the questions are about. */
const Images = ({ typed: { modalities, bodyParts }, onChange }: ImagesProps) => (
  <>
    <Ticks
      label={words.modalities}
      choices={CASE_MODALITIES}
      chosen={modalities}
      onChoose={(some) => onChange({ modalities: some })}
    />
    <Ticks
      label={words.bodyParts}
      choices={CASE_BODY_PARTS}
      chosen={bodyParts}
      nameOf={(one) => caseWords.list.bodyParts[one]}
      onChoose={(some) => onChange({ bodyParts: some })}
    />
  </>
);

type TicksProps<C extends string> = {
  readonly label: string;
  readonly choices: readonly C[];
  readonly chosen: readonly C[];
  readonly nameOf?: (choice: C) => string;
  readonly onChoose: (chosen: readonly C[]) => void;
};

function Ticks<C extends string>({ label, choices, chosen, nameOf = String, onChoose }: TicksProps<C>) {
  return (
    <fieldset class="review-choice">
      <legend>{label}</legend>
      <p class="small quiet">{words.anyImages}</p>
      <div class="row">
        {choices.map((choice) => (
          <label key={choice} class="choice">
            <input
              type="checkbox"
              class="tick"
              checked={chosen.includes(choice)}
              onChange={({ currentTarget: { checked } }) =>
                onChoose(choices.filter((one) => (one === choice ? checked : chosen.includes(one))))
              }
            />
            <span>{nameOf(choice)}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

type QuestionsProps = {
  readonly questions: readonly TypedQuestion[];
  readonly onSet: (questions: readonly TypedQuestion[]) => void;
};

function Questions({ questions, onSet }: QuestionsProps) {
  const group = useId();
  const moved = (from: number, to: number) =>
    onSet(questions.toSpliced(from, 1).toSpliced(to, 0, questions[from]!));
  const nextKey = Math.max(-1, ...questions.map(({ key }) => key)) + 1;
  return (
    <>
      <ol class="plain">
        {questions.map((question, place) => (
          <li
            key={question.key}
            class="hairline review-type-question"
            aria-labelledby={`${group}-${question.key}`}
          >
            <div class="row row-apart">
              <h4 id={`${group}-${question.key}`}>{words.question(place + 1)}</h4>
              <div class="row">
                <MoveButton
                  label={words.up(place + 1)}
                  to="up"
                  isPossible={place > 0}
                  onMove={() => moved(place, place - 1)}
                />
                <MoveButton
                  label={words.down(place + 1)}
                  to="down"
                  isPossible={place < questions.length - 1}
                  onMove={() => moved(place, place + 1)}
                />
                <button
                  type="button"
                  class="button"
                  aria-label={words.removeOf(place + 1)}
                  onClick={() => onSet(questions.toSpliced(place, 1))}
                >
                  {words.remove}
                </button>
              </div>
            </div>
            <QuestionFields
              question={question}
              onChange={(some) => onSet(questions.with(place, { ...question, ...some }))}
            />
          </li>
        ))}
      </ol>
      {questions.length < FIELDS_LIMIT && (
        <p>
          <button type="button" class="button" onClick={() => onSet([...questions, newQuestion(nextKey)])}>
            {words.addQuestion}
          </button>
        </p>
      )}
    </>
  );
}
