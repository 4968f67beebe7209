// Our colours, radii and font as overrides of the component library's tokens; theme.mjs runs it.
import { generateThemeStylesheet } from '@cloudscape-design/components/theming';

const modes = (light, dark) => ({ light, dark });
const font = "'Inter Variable', 'Noto Sans JP', 'Noto Sans CJK JP', 'Hiragino Sans', 'Yu Gothic UI', "
  + "'Meiryo', system-ui, sans-serif";

export const css = generateThemeStylesheet({
  theme: {
    tokens: {
      fontFamilyBase: font,
      fontFamilyMonospace: "ui-monospace, 'Cascadia Mono', 'SF Mono', Menlo, Consolas, monospace",
      borderRadiusButton: '8px',
      borderRadiusInput: '8px',
      borderRadiusContainer: '10px',
      borderRadiusDropdown: '8px',
      borderRadiusItem: '6px',
      borderRadiusAlert: '8px',
      borderRadiusBadge: '5px',
      borderRadiusPopover: '8px',
      borderRadiusToken: '8px',
      colorBackgroundLayoutMain: modes('#f6f7f9', '#0d1218'),
      colorBackgroundContainerContent: modes('#ffffff', '#141b23'),
      colorBackgroundContainerHeader: modes('#ffffff', '#141b23'),
      colorBackgroundInputDefault: modes('#ffffff', '#0f151c'),
      colorBackgroundDropdownItemDefault: modes('#ffffff', '#18212b'),
      colorBackgroundDropdownItemHover: modes('#eef2f8', '#22303f'),
      colorBackgroundButtonNormalDefault: modes('#ffffff', '#141b23'),
      colorBackgroundButtonNormalHover: modes('#eef3fc', '#1c2836'),
      colorBackgroundButtonPrimaryDefault: modes('#1f5fd6', '#6ba4ff'),
      colorBackgroundButtonPrimaryHover: modes('#174bb0', '#93bcff'),
      colorBackgroundButtonPrimaryActive: modes('#123c8f', '#b1cfff'),
      colorTextButtonPrimaryDefault: modes('#ffffff', '#0d1218'),
      colorTextButtonPrimaryHover: modes('#ffffff', '#0d1218'),
      colorTextButtonPrimaryActive: modes('#ffffff', '#0d1218'),
      colorTextButtonNormalDefault: modes('#1d4fae', '#9cc2ff'),
      colorTextButtonNormalHover: modes('#173f8c', '#bdd6ff'),
      colorBorderButtonNormalDefault: modes('#b9c4d3', '#334253'),
      colorBorderButtonNormalHover: modes('#1f5fd6', '#6ba4ff'),
      colorBorderInputDefault: modes('#8593a5', '#4c5d70'),
      colorBorderDividerDefault: modes('#e1e6ed', '#243040'),
      colorTextLinkDefault: modes('#1d56c4', '#7fb0ff'),
      colorTextLinkHover: modes('#133f94', '#a9caff'),
      colorTextAccent: modes('#1d56c4', '#7fb0ff'),
      colorTextBodyDefault: modes('#1b2430', '#d5dee9'),
      colorTextBodySecondary: modes('#4c5a6c', '#9fb0c3'),
      colorTextHeadingDefault: modes('#141c27', '#eef3f9'),
      colorTextFormSecondary: modes('#56657a', '#93a5ba'),
      colorBackgroundControlChecked: modes('#1f5fd6', '#6ba4ff'),
      colorBackgroundSegmentActive: modes('#1f5fd6', '#6ba4ff'),
      colorBackgroundToggleButtonNormalPressed: modes('#e6eefc', '#1d2f49'),
      colorBorderItemFocused: modes('#1f5fd6', '#7fb0ff'),
      colorBackgroundItemSelected: modes('#eaf1fd', '#182941'),
      colorBorderItemSelected: modes('#1f5fd6', '#6ba4ff'),
    },
  },
});
