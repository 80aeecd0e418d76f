/** The search above the list, with a button for filters, sort order and grouping. */
import { useId } from 'preact/hooks';
import { EVERYTHING, NAMES, PERIODS, SHOWN, SORTS, type Choice } from './list-choice.ts';
import { FilterBar, FilterSelect } from '../kit/FilterBar.tsx';
import { TypedField } from '../kit/TypedField.tsx';
import type { SentStudiesStore } from './sent-studies.store.ts';
import type { DayList } from './day-list.ts';
import { useDayList } from './studies-context.ts';
import { studiesWords as words } from './studies-words.ts';

/** Searches at once, even if the search for this unchanged text failed before. */
export function findNow({ choice }: Pick<DayList, 'choice'>, sent: SentStudiesStore, text: string): void {
  // The list of a site starts with today only; a search covers all days.
  if (sent.whose !== 'own' && text.trim() !== '' && choice.value.period === 'today')
    choice.value = { ...choice.value, period: 'any' };
  void sent.find(text.trim(), new Date());
}

export function Finder({ sent }: { readonly sent: SentStudiesStore }) {
  const list = useDayList();
  const { choice } = list;
  const field = useId();
  const set = (some: Partial<Choice>) => (choice.value = { ...choice.value, ...some });
  const isOwn = sent.whose === 'own';
  const find = (text: string) => void sent.find(text.trim(), new Date());
  const of = { of: CHOICES, filters: choice.value, onChoose: set };
  return (
    <FilterBar
      class="finder"
      label={words.filters}
      first={
        <TypedField title={words.search}>
          <label class="field finder-text" for={field}>
            <span class="small quiet">{words.search}</span>
            <input
              id={field}
              type="search"
              autocomplete="off"
              spellcheck={false}
              dir="auto"
              maxLength={128}
              placeholder={hintOf(sent)}
              value={choice.value.text}
              onInput={(event) => set({ text: event.currentTarget.value })}
              // Leaving the field does not query the PACS for a patient.
              onChange={(event) => !sent.asksPatients() && find(event.currentTarget.value)}
              onKeyDown={(event) => event.key === 'Enter' && findNow(list, sent, event.currentTarget.value)}
            />
          </label>
        </TypedField>
      }
    >
      <FilterSelect {...of} name="shown" label={words.show} words={isOwn ? words.shown : words.shownOfSite} />
      <FilterSelect {...of} name="period" label={words.period} words={words.periods} />
      {!isOwn && <FilterSelect {...of} name="names" label={words.names} words={words.namesChosen} />}
      <FilterSelect {...of} name="sort" isOrder label={words.sort} words={words.sorts} />
      <label class="choice filter" data-used={choice.value.byPatient}>
        <input
          type="checkbox"
          class="tick"
          checked={choice.value.byPatient}
          onChange={() => set({ byPatient: !choice.value.byPatient })}
        />
        <span>{words.byPatient}</span>
      </label>
    </FilterBar>
  );
}

function hintOf({ whose, asksPatients }: SentStudiesStore): string {
  if (whose === 'own') return words.searchHint;
  return asksPatients() ? words.patientHint : words.siteHint;
}

const CHOICES = {
  choices: { shown: SHOWN, period: PERIODS, names: NAMES, sort: SORTS },
  usual: EVERYTHING,
};
