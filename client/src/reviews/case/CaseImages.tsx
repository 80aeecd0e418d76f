/** The images of a case on the case page, to look at without a review. Nothing can be marked on them. */
import { signal } from '@preact/signals';
import { useState } from 'preact/hooks';
import { reviewWords } from '../parts/review-words.ts';
import { StudyPictures } from '../review/StudyPictures.tsx';
import { useImages, type Marking } from '../review/use-images.ts';
import '../image/viewer.css';

type CaseImagesProps = {
  readonly studies: readonly string[];
  /** Whether the findings of models are hidden from this person. */
  readonly isBlinded: boolean;
};

export function CaseImages(props: CaseImagesProps) {
  const [isOpen, setOpen] = useState(false);
  if (props.studies.length === 0) return null;
  return (
    <div class="stack">
      <p>
        <button type="button" class="button" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          {isOpen ? reviewWords.picture.hide : reviewWords.picture.look}
        </button>
      </p>
      {isOpen && <Opened {...props} />}
    </div>
  );
}

const NO_MARKS: Marking = {
  review: signal(null),
  own: signal(null),
  unsent: signal([]),
  marks: signal([]),
  annotate: () => Promise.resolve(),
  nextNumber: () => 1,
};

function Opened({ studies, isBlinded }: CaseImagesProps) {
  const images = useImages(studies, NO_MARKS);
  return <StudyPictures {...{ images, studies, isBlinded }} own={[]} others={[]} />;
}
