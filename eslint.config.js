import tseslint from 'typescript-eslint';

/** Rooms that may not look into other rooms: [files, forbidden import patterns, why]. */
const LAYERS = [
  [['src/**', 'web/**', 'client/**', 'bench/**'], [], 'Only src/gst imports node-gtk.'],
  [
    ['src/input/**'],
    ['**/gst/**', '**/streamer/**', '**/api/**', '**/signaling/**', '**/demo-host/**'],
    'src/input is pure.',
  ],
  [
    ['src/moonlight/**'],
    ['**/gst/**', '**/streamer/**', '**/api/**', '**/signaling/**', '**/demo-host/**'],
    'src/moonlight knows only the network.',
  ],
  [
    ['src/signaling/**', 'src/api/**', 'src/http/**', 'src/access/**'],
    ['**/gst/**', '**/demo-host/**'],
    'The server process never loads GStreamer.',
  ],
  [
    ['src/gst/**'],
    ['**/streamer/**', '**/api/**', '**/signaling/**', '**/input/**', '**/demo-host/**'],
    'src/gst is the media side alone.',
  ],
];

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', '.cache/', 'src/gst/generated/', '**/*.d.ts'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['eslint.config.js', 'ava.config.js'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      // io-ts codecs share their name with their type.
      '@typescript-eslint/no-redeclare': 'off',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // Empty classes of errors and unnecessary conditions on index access are caught by tsc.
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: true },
      ],
      'no-console': 'error',
      eqeqeq: 'error',
    },
  },
  ...LAYERS.map(([files, group, message]) => ({
    files,
    rules: {
      // A later entry replaces an earlier one for the same file, so each repeats the node-gtk ban.
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            { group, message },
            {
              group: files.includes('src/gst/**') ? [] : ['node-gtk', 'node-gtk/*'],
              message: 'Only src/gst imports node-gtk.',
            },
          ].filter((pattern) => pattern.group.length > 0),
        },
      ],
    },
  })),
  {
    files: ['**/*.js'],
    ...tseslint.configs.disableTypeChecked,
  },
);
