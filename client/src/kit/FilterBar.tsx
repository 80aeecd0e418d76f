/**
 * The filters above a list: the search, the filters in use, and a button that shows the others. A filter in use can be
 * changed where it stands, or cleared.
 */
import type { ComponentChildren } from 'preact';
import { useId, useState } from 'preact/hooks';
import { isDay } from './filters.ts';
import { Icon } from './Icon.tsx';
import { kitWords } from './kit-words.ts';
import './filter-bar.css';

const words = kitWords.filters;

type FilterBarProps = {
  readonly label: string;
  readonly class: string;
  /** The filter that is always visible. */
  readonly first: ComponentChildren;
  /** Called when a person is about to use a filter. */
  readonly onReach?: () => void;
  readonly children: ComponentChildren;
};

export function FilterBar({ label, first, children, onReach, ...props }: FilterBarProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <search
      class={`filter-bar ${props.class}`}
      aria-label={label}
      data-open={isOpen}
      onFocusIn={onReach}
      onPointerDown={onReach}
    >
      {first}
      <button
        type="button"
        class="button filter-bar-more"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        <Icon name={isOpen ? 'less' : 'settings'} size={20} />
        {isOpen ? words.fewer : words.all}
      </button>
      <div class="filter-bar-fields">{children}</div>
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
  /** The value that hides nothing. A filter with another one stays visible, and can be cleared. */
  readonly usual?: string | undefined;
};

export function Select({ label, value, options, onChoose, onReach, usual = value }: SelectProps) {
  const isUsed = value !== usual;
  return (
    <div class="filter" data-used={isUsed}>
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
      {isUsed && (
        <button
          type="button"
          class="button button-bare filter-clear"
          aria-label={words.clear(label)}
          onClick={({ currentTarget }) => {
            // This button is gone once the filter is cleared.
            currentTarget.closest('search')!.querySelector<HTMLElement>('.filter-bar-more, select')!.focus();
            onChoose(usual);
          }}
        >
          <Icon name="close" size={16} />
        </button>
      )}
    </div>
  );
}

type FilterSelectProps<Name extends string, Values extends Readonly<Record<Name, string>>> = {
  /** The list’s filters: their choices, and the values that hide nothing. */
  readonly of: {
    readonly choices: Readonly<Record<Name, readonly string[]>>;
    readonly usual: Readonly<Record<NoInfer<Name>, string>>;
  };
  readonly filters: Values;
  readonly onChoose: (some: Partial<Values>) => void;
  readonly name: NoInfer<Name>;
  readonly label: string;
  /** Words by choice. A choice without words is shown as it is. */
  readonly words: Readonly<Record<string, string>>;
  /** The words of the empty choice, if `words` has none. */
  readonly any?: string;
  /** The sort order, which hides nothing. */
  readonly isOrder?: boolean;
};

/** A filter with a few choices. */
export function FilterSelect<Name extends string, Values extends Readonly<Record<Name, string>>>(
  props: FilterSelectProps<Name, Values>,
) {
  const { of, filters, onChoose, name, label, words: said, any, isOrder } = props;
  return (
    <Select
      label={label}
      value={filters[name]}
      usual={isOrder === true ? undefined : of.usual[name]}
      options={of.choices[name].map((value) => ({ value, name: said[value] ?? (value || (any ?? '')) }))}
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
          <label key={day} class="field filter" data-used="true">
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
