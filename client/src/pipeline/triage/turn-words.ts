/** The words for films that are turned for display; loaded with the models on this device. */
export const turnWords = {
  title: 'Check that nothing is cut off',
  titleOne: (at: number) => `Image ${at}: check that nothing is cut off`,
  what: 'Turn the image to check it. If it is complete, you don’t need to repeat it. It will be sent unchanged.',
  turn: 'Turn image',
  turnOf: (at: number, name: string) => `Turn image ${at} of ${name}`,
  asStored: 'As stored',
  turned: 'Turned on this screen only. The study is sent unchanged.',
  picture: 'The image, turned upright',
} as const;
