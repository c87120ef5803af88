# SPDX-License-Identifier: Apache-2.0
# ROS wheels from PyPI export include folders of the machine that built them ("/opt/python/cpXY/..."), and CMake
# refuses to generate with an imported target that names a folder which is not there. Nothing here compiles against
# those targets' headers, so the missing folders are dropped. An ordinary ROS installation is left as it is.
get_property(_targets DIRECTORY PROPERTY IMPORTED_TARGETS)
list(FILTER _targets INCLUDE REGEX "__rosidl_generator_py$")
foreach(_target IN LISTS _targets)
  get_target_property(_includes ${_target} INTERFACE_INCLUDE_DIRECTORIES)
  set(_present)
  foreach(_include IN LISTS _includes)
    if(_include MATCHES "^\\$<" OR EXISTS "${_include}")
      list(APPEND _present "${_include}")
    endif()
  endforeach()
  set_property(TARGET ${_target} PROPERTY INTERFACE_INCLUDE_DIRECTORIES "${_present}")
endforeach()
