/** The filters above a list. On a phone, all except the first are behind a button. */
import type { ComponentChildren } from 'preact';
import { useId, useState } from 'preact/hooks';
import { isDay } from './filters.ts';
import './filter-bar.css';

type FilterBarProps = {
  readonly label: string;
  readonly class: string;
  /** Text on the button: how many of the hidden filters are in use. */
  readonly inUse: string;
  /** The filter that is always visible. */
  readonly first: ComponentChildren;
  readonly children: ComponentChildren;
};

export function FilterBar({ label, inUse, first, children, ...props }: FilterBarProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <search class={`filter-bar ${props.class}`} aria-label={label} data-open={isOpen}>
      {first}
      <button
        type="button"
        class="button filter-bar-more"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        {inUse}
      </button>
      {children}
    </search>
  );
}

type SelectProps = {
  readonly label: string;
  readonly value: string;
  readonly options: readonly { readonly value: string; readonly name: string; readonly disabled?: boolean }[];
  readonly onChoose: (value: string) => void;
  /** Called when a person is about to open the list of options. */
  readonly onReach?: () => void;
};

export function Select({ label, value, options, onChoose, onReach }: SelectProps) {
  return (
    <label class="field">
      <span class="small quiet">{label}</span>
      <select
        value={value}
        onChange={(event) => onChoose(event.currentTarget.value)}
        onFocus={onReach}
        onPointerDown={onReach}
      >
        {options.map((option) => (
          <option
            key={option.value}
            value={option.value}
            disabled={option.disabled ?? false}
            selected={option.value === value}
          >
            {option.name}
          </option>
        ))}
      </select>
    </label>
  );
}

type FilterSelectProps<Name extends string, Values extends Readonly<Record<Name, string>>> = {
  readonly choices: Readonly<Record<Name, readonly string[]>>;
  readonly filters: Values;
  readonly onChoose: (some: Partial<Values>) => void;
  readonly name: NoInfer<Name>;
  readonly label: string;
  /** Words by choice. A choice without words is shown as it is. */
  readonly words: Readonly<Record<string, string>>;
  /** The words of the empty choice, if `words` has none. */
  readonly any?: string;
};

/** A filter with a few choices. */
export function FilterSelect<Name extends string, Values extends Readonly<Record<Name, string>>>(
  props: FilterSelectProps<Name, Values>,
) {
  const { choices, filters, onChoose, name, label, words, any } = props;
  return (
    <Select
      label={label}
      value={filters[name]}
      options={choices[name].map((value) => ({ value, name: words[value] ?? (value || (any ?? '')) }))}
      onChoose={(value) => onChoose({ [name]: value } as Partial<Values>)}
    />
  );
}

const DAYS = ['from', 'to'] as const;
type Days = Readonly<Record<(typeof DAYS)[number], string>>;

/** A filter by period: one that ends today, or chosen days. */
export function FilterPeriod<Name extends string, Values extends Days & Readonly<Record<Name, string>>>(
  props: FilterSelectProps<Name, Values> & { readonly days: Days },
) {
  const { filters, onChoose, name, days } = props;
  const choose = (some: Partial<Days>) => onChoose(some as Partial<Values>);
  return (
    <>
      <FilterSelect {...props} onChoose={(some) => onChoose({ ...some, from: '', to: '' })} />
      {filters[name] === 'days' &&
        DAYS.map((day) => (
          <label key={day} class="field">
            <span class="small quiet">{days[day]}</span>
            <input
              type="date"
              value={filters[day]}
              min={day === 'to' ? filters.from : undefined}
              max={day === 'from' ? filters.to : undefined}
              onChange={({ currentTarget: { value } }) => {
                if (value === '' || isDay(value)) choose({ [day]: value });
              }}
            />
          </label>
        ))}
    </>
  );
}

type SearchFieldProps = {
  readonly class: string;
  readonly label: string;
  readonly value: string;
  /** The text cannot be searched for. */
  readonly isWrong: boolean;
  /** Shown below the field: what is wrong with the text, or how to start the search. */
  readonly said: string | false;
  readonly longest: number;
  readonly inputMode?: 'decimal' | 'text';
  /** Shown while the field is empty. */
  readonly hint?: string;
  readonly onType: (text: string) => void;
  /** Called on Enter. */
  readonly onAsk: () => void;
  /**
   * Called when the field loses the focus. Most fields do nothing then, because a list that changes under a press moves
   * the pressed item.
   */
  readonly onLeave?: () => void;
};

/** A search field whose text the browser does not store. */
export function SearchField({ label, value, isWrong, said, longest, ...props }: SearchFieldProps) {
  const below = useId();
  return (
    <form
      class={props.class}
      onSubmit={(event) => {
        event.preventDefault();
        props.onAsk();
      }}
    >
      <label class="field">
        <span class="small quiet">{label}</span>
        <input
          type="search"
          inputMode={props.inputMode}
          autocomplete="off"
          spellcheck={false}
          maxLength={longest}
          placeholder={props.hint}
          value={value}
          aria-invalid={isWrong}
          aria-describedby={below}
          onInput={(event) => props.onType(event.currentTarget.value)}
          onBlur={props.onLeave}
        />
      </label>
      <p id={below} class="small" role="status">
        {said}
      </p>
    </form>
  );
}
