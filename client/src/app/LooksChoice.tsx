/** A choice between a few appearances of the app: its theme, or the size of its text. */
import type { Signal } from '@preact/signals';

type LooksChoiceProps<T extends string> = {
  readonly title: string;
  readonly choices: readonly T[];
  readonly words: Readonly<Record<T, string>>;
  readonly chosen: Signal<T>;
};

export function LooksChoice<T extends string>({ title, choices, words, chosen }: LooksChoiceProps<T>) {
  return (
    <fieldset class="sheet-part">
      <legend class="small quiet">{title}</legend>
      {choices.map((choice) => (
        <label key={choice} class="choice">
          <input
            type="radio"
            name={title}
            checked={chosen.value === choice}
            onChange={() => (chosen.value = choice)}
          />
          <span>{words[choice]}</span>
        </label>
      ))}
    </fieldset>
  );
}
