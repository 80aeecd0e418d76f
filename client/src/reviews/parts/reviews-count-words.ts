/** The words of the count of reviews, which is not part of the first load. */
export const reviewsCountWords = {
  /** `said`: the count, or `50+` above the limit. */
  count: (said: string, count: number) => `${said} ${count === 1 ? 'review' : 'reviews'} assigned to you`,
};
