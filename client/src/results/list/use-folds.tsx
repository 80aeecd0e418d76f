/**
 * The other images of a run with the same answer, folded under the row that represents them. Nothing about them is
 * requested before somebody opens them.
 */
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Result } from '#shared/protocol/inference.ts';
import { Icon } from '../../kit/Icon.tsx';
import { MoreButton } from '../../kit/MoreButton.tsx';
import { createPagedList, type PagedList } from '../../kit/paged-list.ts';
import { troubleIn } from '../../kit/resource.ts';
import type { Trouble } from '../../kit/trouble.ts';
import { TroubleAlert } from '../../kit/TroubleAlert.tsx';
import { troubleOf } from '../../net/trouble-of.ts';
import type { ResultPage, ResultsStore } from '../parts/results.store.ts';
import { listWords } from './list-words.ts';

type Images = PagedList<ResultPage, Trouble>;

type Folds = {
  /** The images under this row as far as they are open. */
  imagesOf(row: Result): readonly Result[];
  /** Below a row that represents others: the button that opens them. Below the last one: the button for more. */
  under(row: Result): ComponentChildren;
};

export function useFolds(list: ResultsStore): Folds {
  /** By the id of the row. */
  const open = useSignal<ReadonlyMap<string, Images>>(new Map());
  useEffect(
    () => () => {
      for (const images of open.peek().values()) images.close();
    },
    [],
  );
  const toggle = (row: Result): void => {
    const known = open.peek().get(row.id);
    known?.close();
    const others = [...open.peek()].filter(([id]) => id !== row.id);
    open.value = new Map(known === undefined ? [...others, [row.id, read(list, row)]] : others);
  };
  const results = list.results.value;
  const openOf = ({ id, alike }: Result) => (alike === undefined ? undefined : open.value.get(id));
  // An image that was judged is a row of its own.
  const imagesOf = (row: Result) =>
    (openOf(row)?.value.value?.results ?? []).filter(({ id }) => !results.some((one) => one.id === id));
  return {
    imagesOf,
    under(row) {
      if (row.alike !== undefined)
        return <Fold count={row.alike} images={openOf(row) ?? null} onToggle={() => toggle(row)} />;
      const of = results.find((one) => imagesOf(one).at(-1)?.id === row.id);
      const images = of && openOf(of);
      return images?.value.value?.next ? <MoreButton of={images} label={listWords.moreImages} /> : null;
    },
  };
}

function read(list: ResultsStore, row: Result): Images {
  const images = createPagedList<ResultPage, 'results', Trouble>(troubleOf, {
    rows: 'results',
    idOf: ({ id }) => id,
    read: (_, cursor, signal) => list.unfold(row, cursor, signal),
  });
  void images.load();
  return images;
}

type FoldProps = {
  readonly count: number;
  /** Null: they are folded. */
  readonly images: Images | null;
  readonly onToggle: () => void;
};

function Fold({ count, images, onToggle }: FoldProps) {
  return (
    <>
      <button
        type="button"
        class="button button-bare result-fold"
        aria-expanded={images !== null}
        onClick={onToggle}
      >
        <Icon name={images === null ? 'more' : 'less'} size={16} />
        {listWords.folded(count)}
      </button>
      {images !== null && (
        <TroubleAlert trouble={troubleIn(images.answer.value)} onAgain={() => void images.again()} />
      )}
    </>
  );
}
