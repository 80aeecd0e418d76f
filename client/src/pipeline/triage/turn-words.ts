/** The words for films that are turned for display; loaded with the models on this device. */
export const turnWords = {
  title: 'Check that nothing is cut off',
  titleOne: (at: number) => `Image ${at}: check that nothing is cut off`,
  what: 'Turn it to look at it. If it is complete, it need not be repeated. It is sent as it is.',
  turn: 'Turn it',
  turnOf: (at: number, name: string) => `Turn it: image ${at} of ${name}`,
  asStored: 'As it is stored',
  turned: 'Turned on this screen only. The study is sent unchanged.',
  picture: 'The image, turned upright',
} as const;
